// SPDX-License-Identifier: Apache-2.0
// The daemon's TLS certificate and key, shared by all APIs.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace streamtensor::server {

// PEM text.
struct TlsPair {
  std::string certificate;  // and its chain
  std::string key;
  // When all certificates of the chain are valid.
  absl::Time not_before = absl::InfinitePast();
  absl::Time not_after = absl::InfiniteFuture();
};

// Reads two PEM files and checks that they match: the server libraries do not report what is wrong with a
// pair. Only the key's owner may have access to it; if that is root, its group may also read it.
//   NOT_FOUND          a file cannot be read
//   PERMISSION_DENIED  other users have access to the key
//   INVALID_ARGUMENT   a file is not PEM, or the key does not match the certificate
absl::StatusOr<TlsPair> ReadTlsPair(const std::string& certificate_file, const std::string& key_file);

// Whether clients accept a certificate at a given time.
struct TlsValidity {
  bool is_valid = true;
  std::string warning;  // "expired on 2026-11-28T10:00:00+00:00"; also if it expires within kExpiresSoon
};
inline constexpr absl::Duration kExpiresSoon = absl::Hours(21 * 24);
TlsValidity CheckValidity(const TlsPair& pair, absl::Time now);

}  // namespace streamtensor::server
