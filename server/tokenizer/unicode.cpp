// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace streamtensor::server {

namespace {

// Code points of the longest decomposition.
constexpr utf8proc_ssize_t kMaxDecomposition = 18;

}  // namespace

size_t ValidUtf8Prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t code_point;
    const utf8proc_ssize_t length =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
    if (length <= 0) break;
    at += static_cast<size_t>(length);
  }
  return at;
}

size_t CharacterBytes(std::string_view text) {
  utf8proc_int32_t code_point;
  const utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                   static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  return length <= 0 ? 1 : static_cast<size_t>(length);
}

namespace {

bool IsSpace(utf8proc_int32_t c) {
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

// The first character of valid UTF-8 that is not empty.
utf8proc_int32_t CodePoint(std::string_view text) {
  utf8proc_int32_t c = 0;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &c);
  return c;
}

bool IsSpace(std::string_view character) { return IsSpace(CodePoint(character)); }

}  // namespace

size_t LeadingSpaceBytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = CharacterBytes(text.substr(at));
    if (!IsSpace(text.substr(at, length))) break;
    at += length;
  }
  return at;
}

size_t TrailingSpaceBytes(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80) --begin;
    const std::string_view character = text.substr(begin, end - begin);
    if (CharacterBytes(character) != character.size() || !IsSpace(character)) break;
    end = begin;
  }
  return text.size() - end;
}

namespace {

// Appends valid UTF-8 in normalisation form D or KD. utf8proc_decompose() does the same in time that is
// quadratic in the number of marks of one character.
void AppendDecomposed(std::string_view text, bool compatible, std::vector<utf8proc_int32_t>& code_points) {
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  const auto mark_class = [](utf8proc_int32_t code_point) {
    return utf8proc_get_property(code_point)->combining_class;
  };
  const auto order = [&](auto begin, auto end) {
    if (end - begin > 1)
      std::stable_sort(begin, end, [&](auto a, auto b) { return mark_class(a) < mark_class(b); });
  };
  size_t marks = code_points.size();  // where the last run of marks begins
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code_point = 0;
    at += static_cast<size_t>(utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                               static_cast<utf8proc_ssize_t>(text.size() - at), &code_point));
    utf8proc_int32_t parts[kMaxDecomposition];
    int boundary = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(code_point, parts, kMaxDecomposition, options, &boundary);
    for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, kMaxDecomposition); ++i) {
      code_points.push_back(parts[i]);
      if (mark_class(parts[i]) != 0) continue;
      order(code_points.begin() + static_cast<ptrdiff_t>(marks), code_points.end() - 1);
      marks = code_points.size();
    }
  }
  order(code_points.begin() + static_cast<ptrdiff_t>(marks), code_points.end());
}

void AppendNormalised(std::string_view text, NormalForm form, std::string& normalised) {
  std::vector<utf8proc_int32_t> code_points;
  code_points.reserve(text.size() + 1);
  AppendDecomposed(text, form.compatible, code_points);
  const auto length = static_cast<utf8proc_ssize_t>(code_points.size());
  code_points.push_back(0);  // room for the end that utf8proc_reencode() writes
  const utf8proc_ssize_t bytes = utf8proc_reencode(
      code_points.data(), length,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | (form.composed ? UTF8PROC_COMPOSE : 0)));
  if (bytes >= 0) {
    normalised.append(reinterpret_cast<const char*>(code_points.data()), static_cast<size_t>(bytes));
  } else {
    normalised.append(text);
  }
}

void AppendComposed(std::string_view text, std::string& composed) {
  AppendNormalised(text, {.compatible = false, .composed = true}, composed);
}

void Append(utf8proc_int32_t code_point, std::string& text) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t length = utf8proc_encode_char(code_point, bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

// Calls each(code_point, bytes) for the characters of valid UTF-8.
template <class Each>
void ForEachCharacter(std::string_view text, Each each) {
  for (size_t at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, CharacterBytes(text.substr(at)));
    each(CodePoint(character), character);
    at += character.size();
  }
}

}  // namespace

std::string ComposedText(std::string_view text) {
  std::string composed;
  composed.reserve(text.size());
  while (!text.empty()) {
    // ASCII, which most prompts are, is its own form C. Its last character may have marks.
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    const auto other = static_cast<size_t>(std::ranges::find_if_not(text, is_ascii) - text.begin());
    const size_t ascii = other == text.size() ? other : other - std::min<size_t>(other, 1);
    composed.append(text.substr(0, ascii));
    text.remove_prefix(ascii);
    if (text.empty()) break;
    const size_t valid = ValidUtf8Prefix(text);
    AppendComposed(text.substr(0, valid), composed);
    if (valid < text.size()) composed.push_back(text[valid]);
    text.remove_prefix(std::min(text.size(), valid + 1));
  }
  return composed;
}

size_t GraphemeBytes(std::string_view text) {
  size_t at = CharacterBytes(text);
  utf8proc_int32_t state = 0, previous = CodePoint(text);
  while (at < text.size()) {
    const utf8proc_int32_t next = CodePoint(text.substr(at));
    if (utf8proc_grapheme_break_stateful(previous, next, &state)) break;
    at += CharacterBytes(text.substr(at));
    previous = next;
  }
  return at;
}

std::string NormalisedText(std::string_view text, NormalForm form) {
  std::string normalised;
  normalised.reserve(text.size());
  AppendNormalised(text, form, normalised);
  return normalised;
}

std::string LowercaseText(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  ForEachCharacter(text, [&](utf8proc_int32_t c, std::string_view) {
    // The one character whose lower case is two.
    constexpr utf8proc_int32_t kDottedCapitalI = 0x130, kDotAbove = 0x307;
    Append(c == kDottedCapitalI ? 'i' : utf8proc_tolower(c), lower);
    if (c == kDottedCapitalI) Append(kDotAbove, lower);
  });
  return lower;
}

std::string TextWithoutMarks(std::string_view text, Marks marks) {
  std::string rest;
  rest.reserve(text.size());
  ForEachCharacter(text, [&](utf8proc_int32_t c, std::string_view character) {
    const utf8proc_category_t category = utf8proc_category(c);
    const bool is_mark =
        category == UTF8PROC_CATEGORY_MN ||
        (marks == Marks::kAll && (category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME));
    if (!is_mark) rest.append(character);
  });
  return rest;
}

std::string CleanText(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  ForEachCharacter(text, [&](utf8proc_int32_t c, std::string_view character) {
    constexpr utf8proc_int32_t kReplacement = 0xfffd;
    const utf8proc_category_t category = utf8proc_category(c);
    if (c == '\t' || c == '\n' || c == '\r') {
      clean.push_back(' ');
    } else if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
               category == UTF8PROC_CATEGORY_CO || c == kReplacement) {
      return;
    } else if (IsSpace(c)) {
      clean.push_back(' ');
    } else {
      clean.append(character);
    }
  });
  return clean;
}

std::string TextWithSpacedIdeographs(std::string_view text) {
  constexpr struct {
    utf8proc_int32_t first, last;
  } kIdeographs[] = {{0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},  {0x20000, 0x2a6df},
                     {0x2a700, 0x2b81f}, {0x2b920, 0x2ceaf}, {0x2f800, 0x2fa1f}};
  std::string spaced;
  spaced.reserve(text.size());
  ForEachCharacter(text, [&](utf8proc_int32_t c, std::string_view character) {
    const bool is_ideograph = std::ranges::any_of(
        kIdeographs, [c](const auto& block) { return c >= block.first && c <= block.last; });
    if (is_ideograph) spaced.push_back(' ');
    spaced.append(character);
    if (is_ideograph) spaced.push_back(' ');
  });
  return spaced;
}

}  // namespace streamtensor::server
