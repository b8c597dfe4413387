// SPDX-License-Identifier: Apache-2.0
// The server's source of time, so that tests can run it in simulated time.
#pragma once

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace streamtensor::server {

// Thread-safe. Never runs backwards.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The monotonic clock, counted from the wall clock's time at construction: later adjustments do not move it.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override {
    return wall_start_ + absl::FromChrono(std::chrono::steady_clock::now() - monotonic_start_);
  }

 private:
  const std::chrono::steady_clock::time_point monotonic_start_ = std::chrono::steady_clock::now();
  const absl::Time wall_start_ = absl::Now();
};

}  // namespace streamtensor::server
