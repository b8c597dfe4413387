// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/text_options.h"

#include <utf8proc.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::ctl {
namespace {

constexpr size_t kMaxIdBytes = 64;

bool IsAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  return colon != std::string::npos && colon > 0 && text.find('/') == std::string::npos &&
         absl::SimpleAtoi(text.substr(colon + 1), &port) && port > 0 && port < 65536;
}

}  // namespace

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool IsUtf8(const std::string& text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  utf8proc_int32_t point = 0;
  for (size_t at = 0; at < text.size();) {
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (length <= 0) return false;
    at += static_cast<size_t>(length);
  }
  return true;
}

CLI::Validator Utf8() {
  return CLI::Validator(
      [](const std::string& text) { return std::string(IsUtf8(text) ? "" : "is not valid UTF-8"); }, "");
}

CLI::Validator RequestId() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
          return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':';
        });
        if (!text.empty() && text.size() <= kMaxIdBytes && fits) return "";
        return absl::StrCat("must be 1 to ", kMaxIdBytes, " letters, digits and - _ . :");
      },
      "");
}

CLI::Validator Address() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        if (IsAddress(text)) return "";
        return absl::StrCat("must be HOST:PORT, such as 127.0.0.1:50051, got '", text, "'");
      },
      "");
}

}  // namespace streamtensor::ctl
