// SPDX-License-Identifier: Apache-2.0
// SentencePiece's table of replacements: a double array trie of byte strings and the text of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::artifact {

// Immutable after Create() and therefore thread-safe. Whatever the table holds, a look-up stays within it.
class Charsmap {
 public:
  // INVALID_ARGUMENT  a trie that is empty or no whole number of units, texts that don't end, or one of more
  //                   than kMaxTextBytes
  static absl::StatusOr<Charsmap> Create(const v1::Charsmap& message);

  struct Match {
    size_t bytes = 0;  // of the key
    std::string_view text;
  };
  // The longest, or the shortest, key that `text` begins with; nullopt without any.
  std::optional<Match> Longest(std::string_view text) const { return Find(text, /*longest=*/true); }
  std::optional<Match> Shortest(std::string_view text) const { return Find(text, /*longest=*/false); }

  // Bytes of the longest replacement.
  size_t max_text_bytes() const { return max_text_bytes_; }

  static constexpr size_t kMaxTextBytes = 64;

 private:
  std::optional<Match> Find(std::string_view text, bool longest) const;

  std::vector<uint32_t> units_;
  std::string texts_;
  size_t max_text_bytes_ = 0;
};

}  // namespace streamtensor::artifact
