// SPDX-License-Identifier: Apache-2.0
// The sequences of a step, and the descriptor that the host would write for them.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

// One sequence's part of a step.
struct SequenceStep {
  int64_t tokens = 1;   // in the step
  int64_t context = 0;  // positions before them
  int64_t logits = 1;   // of the last tokens
};

using StepMix = std::vector<SequenceStep>;

int64_t TokensOf(const StepMix& mix);
int64_t LogitsOf(const StepMix& mix);

// The descriptor's bytes, whole words of memory. Token ids are 0, pages are in order.
//  INVALID_ARGUMENT  the step doesn't fit the launch interface: too many tokens, sequences, logits or
//  positions
absl::StatusOr<std::vector<uint8_t>> DescriptorOf(const StepMix& mix, const artifact::v1::Launch& launch);

}  // namespace streamtensor::compiler
