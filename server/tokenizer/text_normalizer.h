// SPDX-License-Identifier: Apache-2.0
// What a tokenizer does to text before it looks for pieces: composition, its steps, and spaces as pieces of
// characters spell them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "artifact/tokenizer/tokenizer_check.h"
#include "server/tokenizer/text_steps.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// `text` with a space for each U+2581.
std::string UnescapedSpaces(std::string_view text);

// Immutable: every method may be called from any thread at once.
class TextNormalizer {
 public:
  // Of a message that artifact::CheckTokenizer() accepts, with the steps that it returns.
  TextNormalizer(const artifact::v1::Tokenizer& message, std::vector<artifact::CheckedStep> steps);

  // Leaves every text as it is.
  bool is_identity() const { return !composes_ && steps_.empty() && !escapes_spaces_; }

  // Of text that stands between special tokens, or at either end.
  std::string Normalized(std::string_view part) const;
  // The same of text that has its space before it.
  std::string NormalizedInside(std::string_view part) const;

  // Whether normalised text between special tokens, those in normalised text included, is to get an escaped
  // space before it, and that. `at_start`: the input begins with it.
  bool LacksSpace(std::string_view normalized, bool at_start) const;
  static std::string WithSpace(std::string_view normalized);

  // Whether each word is to get an escaped space before it that has none.
  bool spaces_words() const { return space_prefix_ == artifact::v1::Tokenizer::SPACE_PREFIX_EACH_WORD; }
  static bool BeginsWithSpace(std::string_view normalized);

  // Text is at most so many times as long as what becomes of it. 0: it may be any times as long.
  size_t max_shrinkage() const;

  // Whether the pieces of a text may begin with a space that it does not have: what the input begins with, or
  // any other.
  bool adds_space(bool at_start) const;

 private:
  using SpacePrefix = artifact::v1::Tokenizer::SpacePrefix;

  const bool composes_;
  const TextSteps steps_;
  const bool escapes_spaces_;
  const bool is_word_piece_;
  const SpacePrefix space_prefix_;
};

}  // namespace streamtensor::server
