// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/text_options.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"

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

CLI::Validator Utf8() {
  return CLI::Validator(
      [](const std::string& text) { return std::string(base::IsUtf8(text) ? "" : "is not valid UTF-8"); },
      "");
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
