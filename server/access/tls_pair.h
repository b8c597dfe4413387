// SPDX-License-Identifier: Apache-2.0
// The daemon's TLS certificate and key, shared by all APIs.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::server {

// PEM text.
struct TlsPair {
  std::string certificate;  // and its chain
  std::string key;
};

// Reads two PEM files and checks that they match: the server libraries do not report what is wrong with a
// pair.
//   NOT_FOUND         a file cannot be read
//   INVALID_ARGUMENT  a file is not PEM, or the key does not match the certificate
absl::StatusOr<TlsPair> ReadTlsPair(const std::string& certificate_file, const std::string& key_file);

}  // namespace streamtensor::server
