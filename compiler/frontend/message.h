// SPDX-License-Identifier: Apache-2.0
// Error messages from pieces of text. Debian's Abseil is built with its own string_view, which the
// standard one doesn't convert to: Message() takes both.
#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/printable.h"

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

// What of a file may stand in a message.
using base::Printable;
using base::PrintableBytes;
using base::PrintableMessage;
using base::Quoted;
using base::Quotes;
using base::Utf8Bytes;

}  // namespace streamtensor::compiler
