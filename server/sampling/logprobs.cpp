// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/logprobs.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "server/sampling/softmax.h"

namespace streamtensor::server {

absl::StatusOr<TokenLogprob> LogSoftmax(std::span<const float> logits, uint32_t token_id,
                                        uint32_t alternatives) {
  ST_CHECK(token_id < logits.size(), "token ", token_id, " of ", logits.size());
  bool is_nan = false;
  const float largest = LargestLogit(logits, is_nan);
  if (is_nan) return absl::InternalError("the card returned a logit that is not a number");
  if (!std::isfinite(largest)) return absl::InternalError("no logit is finite");
  thread_local std::vector<float> weights;
  const double log_sum = largest + std::log(Weights(logits, largest, 1, weights));

  TokenLogprob result;
  result.token_id = token_id;
  result.logprob = static_cast<float>(logits[token_id] - log_sum);
  // A short sorted list, scanned once: 20 alternatives of 50,000 logits rarely move.
  const size_t wanted = std::min<size_t>(alternatives, logits.size());
  std::vector<uint32_t> best;
  auto likelier = [&](uint32_t a, uint32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  for (uint32_t id = 0; id < logits.size() && wanted > 0; ++id) {
    if (best.size() == wanted && !likelier(id, best.back())) continue;
    if (best.size() == wanted) best.pop_back();
    best.insert(std::upper_bound(best.begin(), best.end(), id, likelier), id);
  }
  for (uint32_t id : best) {
    result.alternatives.push_back({id, static_cast<float>(logits[id] - log_sum)});
  }
  return result;
}

}  // namespace streamtensor::server
