// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding of one word: merges the adjacent pair of least rank, leftmost first, until none is left.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/tokenizer/encoding.h"

namespace streamtensor::server {

// Encode() is thread-safe.
class BytePairs {
 public:
  BytePairs();

  // The token of a byte. Bytes that have none are left out of a word.
  void SetByte(uint8_t byte, uint32_t id) { byte_ids_[byte] = id; }
  // Ranks ascend with each call. A pair that is added twice keeps its first rank.
  void AddMerge(uint32_t left, uint32_t right, uint32_t merged);
  void Reserve(size_t merges);

  // Whether every byte has a token.
  bool SpellsAllBytes() const;

  // Appends the tokens of `word` to `encoding`, in time about linear in the word's length. False: the
  // encoding must end, and its tokens are incomplete.
  bool Encode(std::string_view word, Encoding& encoding) const;

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  struct Merge {
    uint32_t left, right, merged;
  };
  class LongWord;

  uint32_t RankOf(uint32_t left, uint32_t right) const {
    const auto found = ranks_.find(uint64_t{left} << 32 | right);
    return found == ranks_.end() ? kNone : found->second;
  }
  void EncodeShort(std::string_view word, std::vector<uint32_t>& ids) const;

  std::array<uint32_t, 256> byte_ids_;
  absl::flat_hash_map<uint64_t, uint32_t> ranks_;  // by pair
  std::vector<Merge> merges_;                      // by rank
};

}  // namespace streamtensor::server
