// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/text_normalizer.h"

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

}  // namespace

std::string UnescapedSpaces(std::string_view text) { return Replaced(text, kEscapedSpace, " "); }

TextNormalizer::TextNormalizer(const Message& message)
    : composes_(message.compose() || message.pre_tokenizer() == Message::PRE_TOKENIZER_LINES_DIGITS),
      escapes_spaces_(message.kind() == Message::KIND_CHARACTER_BPE),
      space_prefix_(message.space_prefix()) {}

std::string TextNormalizer::Normalized(std::string_view part) const {
  std::string text = NormalizedInside(part);
  return text.empty() || space_prefix_ != Message::SPACE_PREFIX_EACH ? text : WithSpace(text);
}

bool TextNormalizer::LacksSpace(std::string_view normalized, bool at_start) const {
  return space_prefix_ != Message::SPACE_PREFIX_EACH && adds_space(at_start) && !normalized.empty() &&
         !normalized.starts_with(kEscapedSpace);
}

std::string TextNormalizer::WithSpace(std::string_view normalized) {
  return std::string(kEscapedSpace).append(normalized);
}

std::string TextNormalizer::NormalizedInside(std::string_view part) const {
  std::string text = composes_ ? ComposedText(part) : std::string(part);
  return escapes_spaces_ ? Replaced(text, " ", kEscapedSpace) : text;
}

size_t TextNormalizer::max_shrinkage() const { return composes_ ? kMaxComposition : 1; }

bool TextNormalizer::adds_space(bool at_start) const {
  switch (space_prefix_) {
    case Message::SPACE_PREFIX_EACH:
    case Message::SPACE_PREFIX_EACH_UNSPACED:
      return true;
    case Message::SPACE_PREFIX_FIRST_UNSPACED:
      return at_start;
    default:
      return false;
  }
}

}  // namespace streamtensor::server
