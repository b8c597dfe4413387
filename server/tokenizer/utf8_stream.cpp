// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Lead {
  size_t bytes = 0;  // of the whole character; 0: cannot begin one
  // What the second byte may be; all later ones are 80..BF.
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xBF;
};

// Table 3-7 of the Unicode standard: well-formed UTF-8, without surrogates and overlong forms.
Lead Classify(uint8_t byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {};
}

}  // namespace

std::string Utf8Stream::Push(std::string_view bytes) {
  pending_.append(bytes);
  std::string text;
  size_t at = 0;
  while (at < pending_.size()) {
    const Lead lead = Classify(static_cast<uint8_t>(pending_[at]));
    if (lead.bytes == 0) {
      text += kReplacement;
      ++at;
      continue;
    }
    size_t length = 1;
    bool broken = false;
    while (length < lead.bytes && at + length < pending_.size()) {
      const auto byte = static_cast<uint8_t>(pending_[at + length]);
      const uint8_t min = length == 1 ? lead.second_min : 0x80;
      const uint8_t max = length == 1 ? lead.second_max : 0xBF;
      broken = byte < min || byte > max;
      if (broken) break;
      ++length;
    }
    if (length < lead.bytes && !broken) break;  // the rest is still to come
    text += broken ? kReplacement : std::string_view(pending_).substr(at, length);
    at += length;
  }
  pending_.erase(0, at);
  return text;
}

std::string Utf8Stream::Finish() {
  if (pending_.empty()) return "";
  // What is held back is the beginning of one character: one maximal part.
  pending_.clear();
  return std::string(kReplacement);
}

}  // namespace streamtensor::server
