// SPDX-License-Identifier: Apache-2.0
// How often each client may ask: a bucket of requests for each, refilled evenly.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/time/time.h"

namespace streamtensor::server {

// Thread-safe.
class RateLimiter {
 public:
  // 0: no limit. A client that was quiet may ask for ten seconds' worth at once.
  void SetRequestsPerMinute(int64_t requests);

  // Zero: the request is allowed, and counted. Else: how long to wait for the next one.
  absl::Duration Take(const std::string& client, absl::Time now);

 private:
  struct Bucket {
    double requests = 0;
    absl::Time filled_at;
  };
  double Capacity() const { return per_second_ * 10 < 1 ? 1 : per_second_ * 10; }
  void ForgetFull(absl::Time now);

  std::mutex mutex_;
  double per_second_ = 0;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace streamtensor::server
