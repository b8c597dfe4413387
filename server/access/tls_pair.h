// SPDX-License-Identifier: Apache-2.0
// The daemon's certificate and key, which all its APIs show.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::server {

// PEM text.
struct TlsPair {
  std::string certificate;  // and its chain
  std::string key;
};

// Reads two PEM files and checks that they belong together: libraries that listen with a bad pair do not say
// what is wrong with it.
//  NOT_FOUND  a file can not be read; INVALID_ARGUMENT  a file is no PEM, or the key is not that of the
//  certificate
absl::StatusOr<TlsPair> ReadTlsPair(const std::string& certificate_file, const std::string& key_file);

}  // namespace streamtensor::server
