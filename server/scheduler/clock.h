// SPDX-License-Identifier: Apache-2.0
// The server's clock, an interface so that tests can simulate time.
#pragma once

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace streamtensor::server {

// Thread-safe. Monotonic.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The monotonic clock, offset to the wall clock at construction: later clock adjustments do not affect it.
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
