// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace streamtensor::base {
namespace {

bool IsAsciiControl(unsigned char c) { return c < 0x20 || c == 0x7f; }

}  // namespace

std::size_t Utf8Bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size() - at) return 0;
  uint32_t character = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    character = character << 6 | (byte(at + i) & 0x3fu);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  return character >= kLeast[length] && character <= 0x10ffff && !surrogate ? length : 0;
}

bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8Bytes(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::size_t PrintableBytes(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (IsAsciiControl(first)) return 0;
  // U+0080 to U+009F
  if (first == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0) return 0;
  return Utf8Bytes(text, at);
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), IsAsciiControl);
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x80 && !IsAsciiControl(c); });
}

std::string Printable(std::string_view text, std::size_t max_bytes, Quotes quotes) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    if (at >= max_bytes) return shown.append("...");
    const std::size_t length = PrintableBytes(text, at);
    if (length > 1 || (length == 1 && quotes == Quotes::kKeep)) {
      shown += text.substr(at, length);
    } else {
      shown += absl::CHexEscape(absl::string_view(text.data() + at, 1));
    }
    at += length > 0 ? length : 1;
  }
  return shown;
}

std::string PrintableMessage(std::string_view text) { return Printable(text, 600, Quotes::kKeep); }

std::string Quoted(std::string_view text) { return absl::StrCat("'", Printable(text), "'"); }

std::string Shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)).append("...");
}

}  // namespace streamtensor::base
