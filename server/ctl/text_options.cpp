// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/text_options.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "server/generation/request_id.h"

namespace streamtensor::ctl {
namespace {

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
        if (server::IsRequestId(text)) return "";
        return absl::StrCat("must be 1 to ", server::kMaxRequestIdBytes, " letters, digits and - _ . :");
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
