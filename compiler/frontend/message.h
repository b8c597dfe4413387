// SPDX-License-Identifier: Apache-2.0
// Error messages from pieces of text. Debian's Abseil is built with a string_view of its own, which the
// standard one doesn't convert to: Message() takes both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace streamtensor::compiler {

template <typename T>
const T& MessagePiece(const T& value) {
  return value;
}
inline absl::string_view MessagePiece(const std::string_view& text) { return {text.data(), text.size()}; }

// The pieces (text and numbers) one after another.
template <typename... Pieces>
std::string Message(const Pieces&... pieces) {
  return absl::StrCat(MessagePiece(pieces)...);
}

// Bytes of the UTF-8 character at text[at]; 0 where none is.
inline size_t Utf8Bytes(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  const size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size() - at) return 0;
  uint32_t character = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    character = character << 6 | (byte(at + i) & 0x3fu);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  return character >= kLeast[length] && character <= 0x10ffff && !surrogate ? length : 0;
}

// The same; 0 for a control character too.
inline size_t PrintableBytes(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x20 || first == 0x7f) return 0;
  // U+0080 to U+009F
  if (first == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0) return 0;
  return Utf8Bytes(text, at);
}

// Text from a file as it may be shown, cut after about `limit_bytes`: bytes that can't be printed are
// escaped, and quotes and backslashes too, unless it is a library's message that has its own.
inline std::string Printable(std::string_view text, size_t limit_bytes = 80, bool escape_quotes = true) {
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    if (at >= limit_bytes) return shown + "...";
    const size_t length = PrintableBytes(text, at);
    if (length > 1 || (length == 1 && !escape_quotes)) {
      shown += text.substr(at, length);
    } else {
      shown += absl::CHexEscape(MessagePiece(text.substr(at, 1)));
    }
    at += length > 0 ? length : 1;
  }
  return shown;
}

// A library's message, which may quote a file.
inline std::string PrintableMessage(std::string_view text) { return Printable(text, 600, false); }

// Printable(), between quotes.
inline std::string Quoted(std::string_view text) { return Message("'", Printable(text), "'"); }

}  // namespace streamtensor::compiler
