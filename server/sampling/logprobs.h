// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of the raw logits, before bias and temperature.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::server {

struct TokenLogprob {
  struct Alternative {
    uint32_t token_id = 0;
    float logprob = 0;
  };
  uint32_t token_id = 0;
  float logprob = 0;
  std::vector<Alternative> alternatives;  // likeliest first; of equal ones the lowest id
};

// The natural log-softmax of one row, at `token_id` and at its `alternatives` likeliest tokens.
//  INTERNAL  the row holds a NaN or no finite logit
absl::StatusOr<TokenLogprob> LogSoftmax(std::span<const float> logits, uint32_t token_id,
                                        uint32_t alternatives);

}  // namespace streamtensor::server
