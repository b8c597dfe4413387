// SPDX-License-Identifier: Apache-2.0
// Text that may be shown: what a file or a client sent, made fit for a message, a log or a terminal. All text
// is UTF-8; bytes that are not are escaped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace streamtensor::base {

// Bytes of the UTF-8 character at text[at]; 0 when none begins there. at < text.size().
std::size_t Utf8Bytes(std::string_view text, std::size_t at);
bool IsUtf8(std::string_view text);

// As Utf8Bytes, but 0 for a control character too (U+0000..U+001F, U+007F..U+009F).
std::size_t PrintableBytes(std::string_view text, std::size_t at);
// Whether an ASCII control character stands in it.
bool HasControlCharacter(std::string_view text);
// Whether all of it is printable ASCII, spaces included.
bool IsPrintableAscii(std::string_view text);

enum class Quotes { kEscape, kKeep };

// The text with what can't be printed escaped as in C; after `max_bytes` of it "..." takes the rest's place.
// Quotes and backslashes are escaped too, unless it is a library's message that has its own.
std::string Printable(std::string_view text, std::size_t max_bytes = 80, Quotes quotes = Quotes::kEscape);
// A library's message, which may quote a file.
std::string PrintableMessage(std::string_view text);
// Printable(), between single quotes.
std::string Quoted(std::string_view text);

// The first whole characters of `text`, about `max_bytes` of them, and "..."; the text itself when it is no
// longer.
std::string Shortened(std::string_view text, std::size_t max_bytes);

}  // namespace streamtensor::base
