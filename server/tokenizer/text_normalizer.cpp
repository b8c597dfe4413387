// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/text_normalizer.h"

#include <utility>

#include "server/tokenizer/unicode.h"

namespace streamtensor::server {
namespace {

using Message = artifact::v1::Tokenizer;

constexpr std::string_view kEscapedSpace = "\xe2\x96\x81";  // U+2581

// Composition shortens text to a third at most: three letters of Hangul become one, as does the Kelvin sign.
constexpr size_t kMaxComposition = 3;

std::string Replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  result.reserve(text.size());
  for (size_t found; (found = text.find(from)) != std::string_view::npos;) {
    result.append(text.substr(0, found)).append(to);
    text.remove_prefix(found + from.size());
  }
  return result.append(text);
}

bool SpellsSpaces(const Message& message) {
  return message.kind() == Message::KIND_CHARACTER_BPE || message.kind() == Message::KIND_UNIGRAM;
}

}  // namespace

std::string UnescapedSpaces(std::string_view text) { return Replaced(text, kEscapedSpace, " "); }

TextNormalizer::TextNormalizer(const Message& message, std::vector<artifact::CheckedStep> steps)
    : composes_(message.compose() || message.pre_tokenizer() == Message::PRE_TOKENIZER_LINES_DIGITS),
      steps_(std::move(steps)),
      escapes_spaces_(SpellsSpaces(message) && message.space_prefix() != Message::SPACE_PREFIX_EACH_WORD),
      is_word_piece_(message.kind() == Message::KIND_WORD_PIECE),
      space_prefix_(message.space_prefix()) {}

std::string TextNormalizer::Normalized(std::string_view part) const {
  std::string text = NormalizedInside(part);
  return text.empty() || space_prefix_ != Message::SPACE_PREFIX_EACH ? text : WithSpace(text);
}

bool TextNormalizer::LacksSpace(std::string_view normalized, bool at_start) const {
  return escapes_spaces_ && space_prefix_ != Message::SPACE_PREFIX_EACH && adds_space(at_start) &&
         !normalized.empty() && !BeginsWithSpace(normalized);
}

bool TextNormalizer::BeginsWithSpace(std::string_view normalized) {
  return normalized.starts_with(kEscapedSpace);
}

std::string TextNormalizer::WithSpace(std::string_view normalized) {
  return std::string(kEscapedSpace).append(normalized);
}

std::string TextNormalizer::NormalizedInside(std::string_view part) const {
  std::string text = composes_ ? ComposedText(part) : std::string(part);
  if (!steps_.empty()) text = steps_.Apply(text);
  return escapes_spaces_ ? Replaced(text, " ", kEscapedSpace) : text;
}

size_t TextNormalizer::max_shrinkage() const {
  if (!steps_.empty()) return 0;
  return composes_ ? kMaxComposition : 1;
}

bool TextNormalizer::adds_space(bool at_start) const {
  if (is_word_piece_) return at_start;
  switch (space_prefix_) {
    case Message::SPACE_PREFIX_EACH:
    case Message::SPACE_PREFIX_EACH_UNSPACED:
    case Message::SPACE_PREFIX_EACH_WORD:
      return true;
    case Message::SPACE_PREFIX_FIRST_UNSPACED:
      return at_start;
    default:
      return false;
  }
}

}  // namespace streamtensor::server
