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

// Normalisation form C. Bytes that are not UTF-8 stay as they are.
std::string ComposedText(std::string_view text);

}  // namespace streamtensor::server
