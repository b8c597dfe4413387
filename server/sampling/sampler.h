// SPDX-License-Identifier: Apache-2.0
// Chooses the next token from a row of logits. Exact over the whole vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/sampling/params.h"

namespace streamtensor::server {

// A number in [0, 1) for the `index`-th draw under `seed`. It depends on nothing else, so a reply does not
// depend on which sequences share its steps, nor on preemption.
double UniformDraw(uint64_t seed, uint64_t index);

// Where a row of logits is worked on: as large as the vocabulary, so a card's thread has one for all its
// sequences. Holds nothing between two calls. Not thread-safe.
class SamplerBuffers {
 private:
  friend class Sampler;
  struct Candidate {
    uint32_t id;
    float weight;
  };
  std::vector<float> adjusted_;
  std::vector<float> weights_;  // of the row at hand, the likeliest token's is 1
  std::vector<Candidate> candidates_;
};

// One sequence's sampler: its state grows with the tokens it has seen, not with the vocabulary. Not
// thread-safe.
class Sampler {
 public:
  // `params` must have passed Check(). `prompt` counts for the repetition penalty alone.
  Sampler(SamplingParams params, std::span<const uint32_t> prompt);

  // The reply's next token. `banned` ids are never chosen.
  //  INTERNAL  the row holds a NaN, or no token is left that may be chosen
  absl::StatusOr<uint32_t> Sample(std::span<const float> logits, std::span<const uint32_t> banned,
                                  SamplerBuffers& buffers) const;

  // Adds a token to the reply; Sample() does not.
  void Accept(uint32_t token_id);

  uint64_t accepted() const { return accepted_; }

 private:
  using Candidate = SamplerBuffers::Candidate;

  bool Adjusts(std::span<const uint32_t> banned) const;
  void Adjust(std::vector<float>& logits, std::span<const uint32_t> banned) const;
  static bool Likelier(const Candidate& a, const Candidate& b);
  std::span<const Candidate> TopK(SamplerBuffers& buffers) const;
  std::span<const Candidate> Nucleus(double total, SamplerBuffers& buffers) const;
  std::span<const Candidate> SmallestNucleus(double total, std::span<const Candidate> candidates) const;
  uint32_t DrawFrom(std::span<const Candidate> candidates) const;
  uint32_t DrawFromAll(double total, std::vector<float>& weights) const;

  const SamplingParams params_;
  absl::flat_hash_map<uint32_t, uint32_t> reply_counts_;  // times accepted; 0: only in the prompt
  uint64_t accepted_ = 0;
};

}  // namespace streamtensor::server
