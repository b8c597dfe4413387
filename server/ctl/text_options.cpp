// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/text_options.h"

#include "absl/strings/str_cat.h"
#include "base/network_address.h"
#include "base/printable.h"
#include "server/generation/request_id.h"

namespace streamtensor::ctl {

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
        if (base::IsHostAndPort(text) || !base::UnixSocketPath(text).empty()) return "";
        return absl::StrCat("must be HOST:PORT, such as 127.0.0.1:50051, got '", text, "'");
      },
      "");
}

}  // namespace streamtensor::ctl
