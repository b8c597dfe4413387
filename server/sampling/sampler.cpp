// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "base/check.h"
#include "server/sampling/softmax.h"

namespace streamtensor::server {
namespace {

constexpr size_t kBlock = 1024;
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

absl::StatusOr<uint32_t> Sampler::Sample(std::span<const float> logits, std::span<const uint32_t> banned,
                                         SamplerBuffers& buffers) const {
  if (Adjusts(banned)) {
    buffers.adjusted_.assign(logits.begin(), logits.end());
    Adjust(buffers.adjusted_, banned);
    logits = buffers.adjusted_;
  }
  // By blocks, so that a greedy choice searches one block instead of reading the row again.
  float largest = kNever;
  size_t block = 0;
  bool is_nan = false;
  for (size_t at = 0; at < logits.size(); at += kBlock) {
    bool block_is_nan = false;
    const float most = LargestLogit(logits.subspan(at, std::min(kBlock, logits.size() - at)), block_is_nan);
    is_nan |= block_is_nan;
    if (most > largest) {
      largest = most;
      block = at;
    }
  }
  if (is_nan) return absl::InternalError("the card returned a logit that is not a number");
  if (!std::isfinite(largest)) return absl::InternalError("no token may be chosen: no logit is finite");
  if (params_.temperature == 0 || params_.top_k == 1) {
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(block);
    return static_cast<uint32_t>(std::find(begin, logits.end(), largest) - logits.begin());
  }
  const double total = Weights(logits, largest, std::min(1 / params_.temperature, 1e30f), buffers.weights_);
  if (params_.top_k > 0 && params_.top_k < logits.size()) return DrawFrom(TopK(buffers));
  if (params_.top_p < 1) return DrawFrom(Nucleus(total, buffers));
  return DrawFromAll(total, buffers.weights_);
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

bool Sampler::Likelier(const Candidate& a, const Candidate& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
}

// The top_k likeliest, likeliest first; of these, the nucleus.
std::span<const Sampler::Candidate> Sampler::TopK(SamplerBuffers& buffers) const {
  const std::vector<float>& weights = buffers.weights_;
  std::vector<Candidate>& candidates = buffers.candidates_;
  const size_t wanted = params_.top_k;
  candidates.clear();
  // A heap with the least likely on top: most tokens are one comparison.
  for (uint32_t id = 0; id < weights.size(); ++id) {
    const Candidate candidate{id, weights[id]};
    if (candidates.size() == wanted) {
      if (!Likelier(candidate, candidates.front())) continue;
      std::pop_heap(candidates.begin(), candidates.end(), Likelier);
      candidates.back() = candidate;
    } else {
      candidates.push_back(candidate);
    }
    std::push_heap(candidates.begin(), candidates.end(), Likelier);
  }
  std::sort_heap(candidates.begin(), candidates.end(), Likelier);
  double total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  return SmallestNucleus(total, candidates);
}

// The most likely tokens that together reach top_p of `total`. A nucleus is usually small and the vocabulary
// large: candidates are gathered by a falling bound before sorting.
std::span<const Sampler::Candidate> Sampler::Nucleus(double total, SamplerBuffers& buffers) const {
  const std::vector<float>& weights = buffers.weights_;
  std::vector<Candidate>& candidates = buffers.candidates_;
  for (float bound = 1.0f / 16; bound > 0; bound = bound < 1e-30f ? 0 : bound / 16) {
    candidates.clear();
    double reached = 0;
    for (uint32_t id = 0; id < weights.size(); ++id) {
      if (weights[id] < bound) continue;
      candidates.push_back({id, weights[id]});
      reached += weights[id];
    }
    if (reached >= total * params_.top_p) break;
  }
  std::sort(candidates.begin(), candidates.end(), Likelier);
  return SmallestNucleus(total, candidates);
}

std::span<const Sampler::Candidate> Sampler::SmallestNucleus(double total,
                                                             std::span<const Candidate> candidates) const {
  const double wanted = params_.top_p < 1 ? total * params_.top_p : std::numeric_limits<double>::infinity();
  double reached = 0;
  size_t kept = 0;
  while (kept < candidates.size() && reached < wanted) reached += candidates[kept++].weight;
  return candidates.first(kept);
}

// The likeliest token's weight is 1, so min-p is a bound on the weight itself.
uint32_t Sampler::DrawFrom(std::span<const Candidate> candidates) const {
  ST_CHECK(!candidates.empty());
  double total = 0;
  for (const Candidate& candidate : candidates) {
    if (candidate.weight >= params_.min_p) total += candidate.weight;
  }
  const double drawn = UniformDraw(params_.seed, accepted_) * total;
  double passed = 0;
  uint32_t last = candidates.front().id;
  for (const Candidate& candidate : candidates) {
    if (candidate.weight < params_.min_p || candidate.weight == 0) continue;
    passed += candidate.weight;
    last = candidate.id;
    if (drawn < passed) break;
  }
  return last;
}

uint32_t Sampler::DrawFromAll(double total, std::vector<float>& weights) const {
  if (params_.min_p > 0) {
    total = 0;
    for (float& weight : weights) {
      weight = weight < params_.min_p ? 0 : weight;
      total += weight;
    }
  }
  const double drawn = UniformDraw(params_.seed, accepted_) * total;
  double passed = 0;
  uint32_t last = 0;
  for (uint32_t id = 0; id < weights.size(); ++id) {
    if (weights[id] == 0) continue;
    passed += weights[id];
    last = id;
    if (drawn < passed) break;
  }
  return last;
}

}  // namespace streamtensor::server
