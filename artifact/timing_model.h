// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::artifact {

// The properties of a step that determine its modelled time and energy.
struct StepShape {
  uint32_t tokens = 0;         // T, 1..step_tokens
  uint32_t logits = 0;         // W
  uint64_t context_pages = 0;  // summed over the tokens: pages below `start` that each attends to
};

// Modelled, never measured. Zero if the manifest has no timing model.
struct ModelledStep {
  uint64_t cycles = 0;
  double seconds = 0;
  double joules = 0;
};

ModelledStep ModelStep(const v1::TimingModel& timing, const StepShape& shape);

}  // namespace streamtensor::artifact
