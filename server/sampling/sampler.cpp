// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// A bijective mix of 64 bits in which every input bit reaches every output bit (two rounds of
// multiply and xor-shift, with odd constants).
uint64_t Mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93u;
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93u;
  value ^= value >> 32;
  return value;
}

}  // namespace

double UniformDraw(uint64_t seed, uint64_t index) {
  const uint64_t bits = Mix(Mix(seed + 0x9e3779b97f4a7c15u) + Mix(index + 0x632be59bd9b4e019u));
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

Sampler::Sampler(SamplingParams params, std::span<const uint32_t> prompt) : params_(std::move(params)) {
  if (params_.repetition_penalty != 1) {
    for (uint32_t id : prompt) reply_counts_.emplace(id, 0);
  }
}

void Sampler::Accept(uint32_t token_id) {
  ++accepted_;
  if (params_.repetition_penalty != 1 || params_.presence_penalty != 0 || params_.frequency_penalty != 0) {
    ++reply_counts_[token_id];
  }
}

absl::StatusOr<uint32_t> Sampler::Sample(std::span<const float> logits, std::span<const uint32_t> banned) {
  if (Adjusts(banned)) {
    adjusted_.assign(logits.begin(), logits.end());
    Adjust(adjusted_, banned);
    logits = adjusted_;
  }
  float largest = kNever;
  uint32_t best = 0;
  bool nan = false;
  for (uint32_t id = 0; id < logits.size(); ++id) {
    nan |= logits[id] != logits[id];
    if (logits[id] > largest) {
      largest = logits[id];
      best = id;
    }
  }
  if (nan) return absl::InternalError("the card returned a logit that is not a number");
  if (!std::isfinite(largest)) return absl::InternalError("no token may be chosen: no logit is finite");
  if (params_.temperature == 0 || params_.top_k == 1) return best;
  return Draw(logits, largest);
}

bool Sampler::Adjusts(std::span<const uint32_t> banned) const {
  return !banned.empty() || !params_.logit_bias.empty() || !reply_counts_.empty();
}

void Sampler::Adjust(std::vector<float>& logits, std::span<const uint32_t> banned) const {
  for (const auto& [id, bias] : params_.logit_bias) {
    if (id < logits.size()) logits[id] += bias;
  }
  for (const auto& [id, count] : reply_counts_) {
    if (id >= logits.size()) continue;
    float& logit = logits[id];
    logit = logit > 0 ? logit / params_.repetition_penalty : logit * params_.repetition_penalty;
    if (count > 0) {
      logit -= params_.presence_penalty + params_.frequency_penalty * static_cast<float>(count);
    }
  }
  for (uint32_t id : banned) {
    if (id < logits.size()) logits[id] = kNever;
  }
}

// Weights are exp((logit - largest) / temperature): the likeliest token's is 1, so min-p is a bound on
// the weight itself. Candidates are walked likeliest first, which makes each filter a cut of the list.
uint32_t Sampler::Draw(std::span<const float> logits, float largest) {
  const double inverse_temperature = 1.0 / params_.temperature;
  auto weight = [&](const Candidate& c) {
    return std::exp((static_cast<double>(c.logit) - largest) * inverse_temperature);
  };
  auto likelier = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };

  // Tokens below min-p can not come back, whatever top-k and top-p cut, but they do count in top-p's
  // total: only weights that vanish are left out here.
  candidates_.clear();
  for (uint32_t id = 0; id < logits.size(); ++id) {
    if (logits[id] != kNever) candidates_.push_back({id, logits[id]});
  }
  const bool cuts_k = params_.top_k > 0 && params_.top_k < candidates_.size();
  if (cuts_k) {
    std::nth_element(candidates_.begin(), candidates_.begin() + params_.top_k - 1, candidates_.end(),
                     likelier);
    candidates_.resize(params_.top_k);
  }
  size_t kept = candidates_.size();
  if (params_.top_p < 1) {
    double total = 0;
    for (const Candidate& c : candidates_) total += weight(c);
    const double wanted = total * params_.top_p;
    double reached = 0;
    size_t sorted = 0;
    kept = 0;
    // Sorted in growing runs: a nucleus is mostly small, the vocabulary is not.
    while (reached < wanted && kept < candidates_.size()) {
      if (kept == sorted) {
        const size_t next = std::min(candidates_.size(), std::max<size_t>(256, sorted * 4));
        std::partial_sort(candidates_.begin() + sorted, candidates_.begin() + next, candidates_.end(),
                          likelier);
        sorted = next;
      }
      reached += weight(candidates_[kept++]);
    }
  }
  double total = 0;
  for (size_t i = 0; i < kept; ++i) {
    if (const double w = weight(candidates_[i]); w >= params_.min_p) total += w;
  }
  const double drawn = UniformDraw(params_.seed, accepted_) * total;
  double passed = 0;
  uint32_t last = candidates_.front().id;
  for (size_t i = 0; i < kept; ++i) {
    const double w = weight(candidates_[i]);
    if (w < params_.min_p || w == 0) continue;
    passed += w;
    last = candidates_[i].id;
    if (drawn < passed) break;
  }
  return last;
}

}  // namespace streamtensor::server
