// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>

namespace streamtensor::server {

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

std::string ComposedText(std::string_view text) {
  // ASCII, which most prompts are, is its own form C.
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return std::string(text);
  }
  std::string composed;
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    utf8proc_uint8_t* form = nullptr;
    const utf8proc_ssize_t length = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(valid), &form,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (length >= 0) {
      composed.append(reinterpret_cast<const char*>(form), static_cast<size_t>(length));
    } else {
      composed.append(text.substr(0, valid));
    }
    std::free(form);
    if (valid < text.size()) composed.push_back(text[valid]);
    text.remove_prefix(std::min(text.size(), valid + 1));
  }
  return composed;
}

}  // namespace streamtensor::server
