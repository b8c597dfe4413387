// SPDX-License-Identifier: Apache-2.0
// Unicode functions for tokenizers, on text that may contain invalid bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace streamtensor::server {

// The length of the longest prefix of `text` that is valid UTF-8.
size_t ValidUtf8Prefix(std::string_view text);

// The length of the character that `text`, which is not empty, begins with; 1 where that is not UTF-8.
size_t CharacterBytes(std::string_view text);

// The length of the white space (Unicode's White_Space) that `text` begins or ends with.
size_t LeadingSpaceBytes(std::string_view text);
size_t TrailingSpaceBytes(std::string_view text);

// The length of the grapheme cluster that `text`, which is valid UTF-8 and not empty, begins with.
size_t GraphemeBytes(std::string_view text);

// Normalisation form C. Bytes that are not UTF-8 stay as they are.
std::string ComposedText(std::string_view text);

// What follows takes valid UTF-8.

// Any normalisation form: of compatible characters or canonical ones, composed or not.
struct NormalForm {
  bool compatible = false;
  bool composed = false;
};
std::string NormalisedText(std::string_view text, NormalForm form);

// Each character's own lower case, which may be two.
std::string LowercaseText(std::string_view text);

// Without marks: those that take no space, or all.
enum class Marks { kNonspacing, kAll };
std::string TextWithoutMarks(std::string_view text, Marks marks);

// Without control and format characters, private ones, zero bytes and U+FFFD; with a space for each white
// space.
std::string CleanText(std::string_view text);

// With a space before and after each ideograph.
std::string TextWithSpacedIdeographs(std::string_view text);

}  // namespace streamtensor::server
