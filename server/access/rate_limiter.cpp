// SPDX-License-Identifier: Apache-2.0
#include "server/access/rate_limiter.h"

#include <algorithm>

namespace streamtensor::server {
namespace {

constexpr size_t kManyBuckets = 10000;

}  // namespace

void RateLimiter::SetRequestsPerMinute(int64_t requests) {
  MutexLock lock(mutex_);
  per_second_ = static_cast<double>(requests) / 60;
  buckets_.clear();
}

absl::Duration RateLimiter::Take(const std::string& client, absl::Time now) {
  MutexLock lock(mutex_);
  if (per_second_ <= 0) return absl::ZeroDuration();
  Bucket& bucket = Filled(client, now);
  if (bucket.requests < 1) return absl::Seconds((1 - bucket.requests) / per_second_);
  bucket.requests -= 1;
  return absl::ZeroDuration();
}

void RateLimiter::Spend(const std::string& client, int64_t requests, absl::Time now) {
  MutexLock lock(mutex_);
  if (per_second_ > 0) Filled(client, now).requests -= static_cast<double>(requests);
}

// The client's bucket, with what it has gained until `now`.
RateLimiter::Bucket& RateLimiter::Filled(const std::string& client, absl::Time now) {
  if (buckets_.size() >= kManyBuckets) RemoveFullBuckets(now);
  Bucket& bucket = buckets_.try_emplace(client, Bucket{Capacity(), now}).first->second;
  const double gained = absl::ToDoubleSeconds(now - bucket.filled_at) * per_second_;
  bucket.requests = std::min(Capacity(), bucket.requests + std::max(0.0, gained));
  bucket.filled_at = now;
  return bucket;
}

// A full bucket is the same as none.
void RateLimiter::RemoveFullBuckets(absl::Time now) {
  std::erase_if(buckets_, [now, rate = per_second_, capacity = Capacity()](const auto& entry) {
    const Bucket& bucket = entry.second;
    return bucket.requests + absl::ToDoubleSeconds(now - bucket.filled_at) * rate >= capacity;
  });
}

}  // namespace streamtensor::server
