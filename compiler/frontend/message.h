// SPDX-License-Identifier: Apache-2.0
// Error messages from pieces of text. Debian's Abseil is built with a string_view of its own, which the
// standard one doesn't convert to: Message() takes both.
#pragma once

#include <cstddef>
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

// Text from a file as it may be shown: unprintable bytes escaped, cut after `limit_bytes`.
inline std::string Printable(std::string_view text, size_t limit_bytes = 80) {
  std::string shown = absl::Utf8SafeCHexEscape(MessagePiece(text.substr(0, limit_bytes)));
  return text.size() > limit_bytes ? Message(shown, "...") : shown;
}

// Printable(), between quotes.
inline std::string Quoted(std::string_view text) { return Message("'", Printable(text), "'"); }

}  // namespace streamtensor::compiler
