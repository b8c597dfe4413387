// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace streamtensor::server {

namespace {

// Code points of the longest canonical decomposition.
constexpr utf8proc_ssize_t kMaxDecomposition = 4;

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

bool IsSpace(std::string_view character) {
  utf8proc_int32_t c = 0;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(character.data()),
                   static_cast<utf8proc_ssize_t>(character.size()), &c);
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

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

// Appends valid UTF-8 in normalisation form D. utf8proc_decompose() does the same in time that is quadratic
// in the number of marks of one character.
void AppendDecomposed(std::string_view text, std::vector<utf8proc_int32_t>& code_points) {
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
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
        utf8proc_decompose_char(code_point, parts, kMaxDecomposition, kOptions, &boundary);
    for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, kMaxDecomposition); ++i) {
      code_points.push_back(parts[i]);
      if (mark_class(parts[i]) != 0) continue;
      order(code_points.begin() + static_cast<ptrdiff_t>(marks), code_points.end() - 1);
      marks = code_points.size();
    }
  }
  order(code_points.begin() + static_cast<ptrdiff_t>(marks), code_points.end());
}

void AppendComposed(std::string_view text, std::string& composed) {
  std::vector<utf8proc_int32_t> code_points;
  code_points.reserve(text.size() + 1);
  AppendDecomposed(text, code_points);
  const auto length = static_cast<utf8proc_ssize_t>(code_points.size());
  code_points.push_back(0);  // room for the end that utf8proc_reencode() writes
  const utf8proc_ssize_t bytes = utf8proc_reencode(
      code_points.data(), length, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (bytes >= 0) {
    composed.append(reinterpret_cast<const char*>(code_points.data()), static_cast<size_t>(bytes));
  } else {
    composed.append(text);
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

}  // namespace streamtensor::server
