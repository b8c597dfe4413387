// SPDX-License-Identifier: Apache-2.0
// Makes text from files and clients safe for messages, logs and terminals. All text is UTF-8; other bytes are
// escaped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace streamtensor::base {

// Length of the UTF-8 character at text[at]; 0 if invalid. at < text.size().
std::size_t Utf8Bytes(std::string_view text, std::size_t at);
bool IsUtf8(std::string_view text);

// As Utf8Bytes, but 0 for control characters too (U+0000..U+001F, U+007F..U+009F).
std::size_t PrintableBytes(std::string_view text, std::size_t at);
// Whether it contains an ASCII control character.
bool HasControlCharacter(std::string_view text);
// Whether all of it is printable ASCII, including spaces.
bool IsPrintableAscii(std::string_view text);

enum class Quotes { kEscape, kKeep };

// Escapes unprintable characters as in C and truncates after `max_bytes` with "...". Also escapes quotes and
// backslashes, except in library messages, which quote themselves.
std::string Printable(std::string_view text, std::size_t max_bytes = 80, Quotes quotes = Quotes::kEscape);
// For a library's message, which may quote a file.
std::string PrintableMessage(std::string_view text);
// Printable() in single quotes.
std::string Quoted(std::string_view text);

// Truncates `text` to about `max_bytes` of whole characters and "..."; returns shorter texts unchanged.
std::string Shortened(std::string_view text, std::size_t max_bytes);

}  // namespace streamtensor::base
