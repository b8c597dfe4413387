// SPDX-License-Identifier: Apache-2.0
// What the steps of a tokenizer must be that text goes through.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "artifact/tokenizer/tokenizer_check.h"

namespace streamtensor::artifact {

// Of `message.steps`. Together they make text at most 4096 times as long.
//   INVALID_ARGUMENT  names the step and what is wrong with it
//   UNIMPLEMENTED     a step that this build does not know
absl::StatusOr<std::vector<CheckedStep>> CheckTextSteps(const v1::Tokenizer& message);

}  // namespace streamtensor::artifact
