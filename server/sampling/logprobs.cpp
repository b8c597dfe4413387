// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/logprobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {

absl::StatusOr<TokenLogprob> LogSoftmax(std::span<const float> logits, uint32_t token_id,
                                        uint32_t alternatives) {
  float largest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i])) return absl::InternalError(absl::StrCat("logit ", i, " is NaN"));
    largest = std::max(largest, logits[i]);
  }
  if (!std::isfinite(largest)) return absl::InternalError("no logit is finite");
  double sum = 0;
  for (float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  const double log_sum = largest + std::log(sum);

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
