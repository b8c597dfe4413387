// SPDX-License-Identifier: Apache-2.0
// The id by which a client and the daemon's logs name a request.
#pragma once

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"

namespace streamtensor::server {

// Key of gRPC metadata and name of the HTTP header.
inline constexpr char kRequestIdHeader[] = "x-request-id";

inline constexpr size_t kMaxRequestIdBytes = 64;

// 1 to kMaxRequestIdBytes ASCII letters, digits, '-', '_', '.' and ':'.
inline bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdBytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':';
         });
}

}  // namespace streamtensor::server
