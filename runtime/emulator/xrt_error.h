// SPDX-License-Identifier: Apache-2.0
// Errors as XRT's API gives them: exceptions of std::system_error. Caught by the driver library.
#pragma once

#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::runtime::emulator {

class XrtError : public std::system_error {
 public:
  explicit XrtError(const absl::Status& status);
  XrtError(int error, std::string message)
      : std::system_error(error, std::generic_category()), message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

inline void ThrowIfError(const absl::Status& status) {
  if (!status.ok()) throw XrtError(status);
}

template <class T>
T ValueOrThrow(absl::StatusOr<T> value) {
  ThrowIfError(value.status());
  return *std::move(value);
}

}  // namespace streamtensor::runtime::emulator
