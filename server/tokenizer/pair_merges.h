// SPDX-License-Identifier: Apache-2.0
// Pair encoding of one word: merges the adjacent pair of symbols of least rank, leftmost first, until none is
// left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/tokenizer/encoding.h"

namespace streamtensor::server {

// Encode() is thread-safe.
class PairMerges {
 public:
  // Several pairs may have one rank. A pair that is added twice keeps its first rank.
  void Add(uint32_t left, uint32_t right, uint32_t rank, uint32_t merged) {
    merges_.emplace(uint64_t{left} << 32 | right, Merge{rank, merged});
  }
  void Reserve(size_t pairs) { merges_.reserve(pairs); }

  // Appends what becomes of `word`, which are symbols, to the tokens of `encoding`, in time about linear in
  // their number. False: the encoding must end, and its tokens are incomplete.
  bool Encode(std::span<const uint32_t> word, Encoding& encoding) const;

  // Up to so many symbols looking through all pairs for the least rank is faster than keeping them in order.
  static constexpr size_t kShortWord = 32;

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  struct Merge {
    uint32_t rank = kNone;  // kNone: the pair is not merged
    uint32_t merged = 0;
  };
  class LongWord;

  Merge Find(uint32_t left, uint32_t right) const {
    const auto found = merges_.find(uint64_t{left} << 32 | right);
    return found == merges_.end() ? Merge() : found->second;
  }
  void EncodeShort(std::span<const uint32_t> word, std::vector<uint32_t>& ids) const;

  absl::flat_hash_map<uint64_t, Merge> merges_;  // by pair
};

}  // namespace streamtensor::server
