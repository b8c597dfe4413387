// SPDX-License-Identifier: Apache-2.0
// What a tokenizer does to text before it looks for pieces: composition, and spaces as pieces of characters
// spell them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// `text` with a space for each U+2581.
std::string UnescapedSpaces(std::string_view text);

// Immutable: every method may be called from any thread at once.
class TextNormalizer {
 public:
  // Of a message that artifact::CheckTokenizer() accepts.
  explicit TextNormalizer(const artifact::v1::Tokenizer& message);

  // Leaves every text as it is.
  bool is_identity() const { return !composes_ && !escapes_spaces_; }

  // Of text that stands between special tokens, or at either end.
  std::string Normalized(std::string_view part) const;
  // The same of text that has its space before it.
  std::string NormalizedInside(std::string_view part) const;

  // Whether normalised text between special tokens, those in normalised text included, is to get an escaped
  // space before it, and that. `at_start`: the input begins with it.
  bool LacksSpace(std::string_view normalized, bool at_start) const;
  static std::string WithSpace(std::string_view normalized);

  // Text is at most so many times as long as what becomes of it.
  size_t max_shrinkage() const;

  // Whether a text may get a space before it that it does not have: what the input begins with, or any other.
  bool adds_space(bool at_start) const;

 private:
  using SpacePrefix = artifact::v1::Tokenizer::SpacePrefix;

  const bool composes_;
  const bool escapes_spaces_;
  const SpacePrefix space_prefix_;
};

}  // namespace streamtensor::server
