// SPDX-License-Identifier: Apache-2.0
// Steps of a decoder, spelled out in JSON: any mix of sequences, chunks and pages.
//
//   {"pages": 8, "steps": [{"tokens": [{"token_id": 1, "slot": 0, "position": 0, "start": 0,
//                                       "wants_logits": true}], "page_tables": [[0]]}]}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::compiler {

struct StepScript {
  int64_t pages = 0;  // of the pools
  std::vector<runtime::Step> steps;
};

// INVALID_ARGUMENT names the step, the token and what was expected. Whether a step may run is for the
// decoder to say.
absl::StatusOr<StepScript> ReadStepScript(const std::string& path);

// The same from text; `name` stands for the file in errors.
absl::StatusOr<StepScript> ParseStepScript(std::string_view text, const std::string& name);

}  // namespace streamtensor::compiler
