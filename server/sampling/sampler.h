// SPDX-License-Identifier: Apache-2.0
// Chooses the next token from a row of logits. Exact over the whole vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "server/sampling/params.h"

namespace streamtensor::server {

// A number in [0, 1) for the `index`-th draw under `seed`. It depends on nothing else, so a reply does not
// depend on which sequences share its steps, nor on preemption.
double UniformDraw(uint64_t seed, uint64_t index);

// One sequence's sampler. Not thread-safe.
class Sampler {
 public:
  // `params` must have passed Check(). `prompt` counts for the repetition penalty alone.
  Sampler(SamplingParams params, std::span<const uint32_t> prompt);

  // The reply's next token. `banned` ids are never chosen.
  //  INTERNAL  the row holds a NaN, or no token is left that may be chosen
  absl::StatusOr<uint32_t> Sample(std::span<const float> logits, std::span<const uint32_t> banned);

  // Adds a token to the reply; Sample() does not.
  void Accept(uint32_t token_id);

  uint64_t accepted() const { return accepted_; }

 private:
  struct Candidate {
    uint32_t id;
    float weight;
  };

  bool Adjusts(std::span<const uint32_t> banned) const;
  void Adjust(std::vector<float>& logits, std::span<const uint32_t> banned) const;
  static bool Likelier(const Candidate& a, const Candidate& b);
  std::span<const Candidate> TopK();
  std::span<const Candidate> Nucleus(double total);
  std::span<const Candidate> SmallestNucleus(double total) const;
  uint32_t DrawFrom(std::span<const Candidate> candidates) const;
  uint32_t DrawFromAll(double total);

  const SamplingParams params_;
  std::unordered_map<uint32_t, uint32_t> reply_counts_;  // times a token was accepted; 0: only in the prompt
  uint64_t accepted_ = 0;
  std::vector<float> adjusted_;
  std::vector<float> weights_;  // of the row at hand, the likeliest token's is 1
  std::vector<Candidate> candidates_;
};

}  // namespace streamtensor::server
