// SPDX-License-Identifier: Apache-2.0
// The timing model of an artifact's manifest (artifact/timing_model.h), from a few simulated launches.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/simulation/sized_design.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

// Each further layer costs the same, so a text of few layers is enough to time many.
struct TimedLayers {
  int64_t layers = 1;     // of the model
  int64_t scheduled = 1;  // of the text that was scheduled
  // Frames that the engine takes before the layers, in each, and after them.
  int64_t frames_before = 0, frames_each = 0, frames_after = 0;
};

// Layers of a text for timing: two to fill the pipeline, and the last two to see what one costs.
inline constexpr int64_t kLayersToTime = 4;

struct StepTiming {
  artifact::v1::TimingModel timing;  // all but bytes_per_step and bytes_per_context_page
  std::vector<int64_t> simulated;    // numbers of tokens; those between are interpolated
};

// Simulates a launch for T = 1, 4, 16 .. and the most tokens, with one row of logits and no context; one of
// the second with all rows of logits, and one token after 8 pages of context. Errors as of
// SizedDesign::Launch().
absl::StatusOr<StepTiming> TimeSteps(const SizedDesign& design, const TimedLayers& layers);

}  // namespace streamtensor::compiler
