// SPDX-License-Identifier: Apache-2.0
// Rate limits: one token bucket per client.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "base/mutex.h"

namespace streamtensor::server {

// Thread-safe.
class RateLimiter {
 public:
  // 0: no limit. An idle client may burst ten seconds' worth of requests.
  void SetRequestsPerMinute(int64_t requests);

  // Zero: the request is allowed and counted. Otherwise: how long to wait.
  absl::Duration Take(const std::string& client, absl::Time now);
  // Counts further requests, which were allowed with one before: the client may have to wait for longer now.
  void Spend(const std::string& client, int64_t requests, absl::Time now);

 private:
  struct Bucket {
    double requests = 0;  // may be negative
    absl::Time filled_at;
  };
  double Capacity() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return per_second_ * 10 < 1 ? 1 : per_second_ * 10;
  }
  Bucket& Filled(const std::string& client, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveFullBuckets(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  double per_second_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace streamtensor::server
