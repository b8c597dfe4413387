// SPDX-License-Identifier: Apache-2.0
// The step descriptor (docs/architecture.md, section 3): a step's rules, words and status.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "artifact/timing_model.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime {

// Bounds a step is checked against.
struct StepLimits {
  int32_t vocabulary = 0;
  int32_t max_context = 0;
  int32_t step_tokens = 0;
  int32_t step_logits = 0;
  int32_t page_tokens = 0;
  int32_t max_pages = 0;
  int32_t pages = 0;
};

// INVALID_ARGUMENT names the field of the step, its value and what it must be.
absl::Status CheckStep(const Step& step, const StepLimits& limits);

// Words of the whole descriptor.
uint64_t DescriptorWords(const StepLimits& limits);

// Fills `words` (at least DescriptorWords) from a step that passed CheckStep.
void WriteDescriptor(const Step& step, const StepLimits& limits, std::span<uint32_t> words);
// The descriptor of an executable's run: T rows, nothing else.
void WriteRowsDescriptor(int32_t rows, std::span<uint32_t> words);

// OK when the card says done; else UNAVAILABLE with what the card found. `status`: contract::kStatusWords.
absl::Status CheckStatus(std::span<const uint32_t> status);

// For the timing model.
artifact::StepShape ShapeOf(const Step& step, int32_t page_tokens);

}  // namespace streamtensor::runtime
