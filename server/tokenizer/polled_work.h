// SPDX-License-Identifier: Apache-2.0
// Long work for a request that its client may stop wanting.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/status.h"

namespace streamtensor::server {

// Not thread-safe.
class PolledWork {
 public:
  // An error ends the work and is its result. Null: never asked.
  using Poll = std::function<absl::Status()>;

  explicit PolledWork(Poll poll) : poll_(std::move(poll)) {}

  // Accounts for `work`, about the number of bytes looked at, and asks after every few kilobytes.
  //   what poll() returned
  absl::Status Spend(size_t work) {
    work_ += work;
    if (work_ < kPollWork) return absl::OkStatus();
    work_ = 0;
    return poll_ == nullptr ? absl::OkStatus() : poll_();
  }

 private:
  static constexpr size_t kPollWork = 16 << 10;

  const Poll poll_;
  size_t work_ = 0;
};

}  // namespace streamtensor::server
