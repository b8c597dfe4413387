// SPDX-License-Identifier: Apache-2.0
// How the next token is chosen and when a reply ends, as checked plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace streamtensor::server {

// Applied in this order: bias, penalties, temperature, top-k, top-p, min-p, draw.
struct SamplingParams {
  float temperature = 1;  // 0: greedy (the largest logit; of equal ones the lowest id)
  uint32_t top_k = 0;     // 0: off
  float top_p = 1;        // 1: off; the fewest tokens whose probabilities reach top_p
  float min_p = 0;        // 0: off; relative to the likeliest token
  float repetition_penalty =
      1;  // divides positive, multiplies negative logits of tokens seen in prompt or reply
  float presence_penalty = 0;   // subtracted once from a token seen in the reply
  float frequency_penalty = 0;  // subtracted once for each time a token was seen in the reply
  std::vector<std::pair<uint32_t, float>> logit_bias;  // token id, added to its logit
  uint64_t seed = 0;
};

struct StoppingParams {
  std::optional<uint32_t> max_tokens;  // unset: as many as the context holds
  uint32_t min_tokens = 0;             // before these nothing ends the reply but the context
  std::vector<std::string> stop_strings;
  std::vector<uint32_t> stop_token_ids;
  bool ignore_eos = false;
};

inline constexpr uint32_t kMaxAlternatives = 20;
inline constexpr size_t kMaxStopStrings = 16;
inline constexpr size_t kMaxStopStringBytes = 1024;
inline constexpr size_t kMaxStopTokenIds = 256;
inline constexpr size_t kMaxLogitBias = 4096;

// INVALID_ARGUMENT is a FieldError(): the field ("sampling.top_p"), its value and what is allowed.
absl::Status Check(const SamplingParams& params, uint32_t vocabulary);
absl::Status Check(const StoppingParams& params, uint32_t vocabulary);

}  // namespace streamtensor::server
