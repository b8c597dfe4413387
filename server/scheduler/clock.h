// SPDX-License-Identifier: Apache-2.0
// The scheduler's only source of time, so that tests can run it in simulated time.
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

// The monotonic clock, named as if it had been set right when the program began.
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
