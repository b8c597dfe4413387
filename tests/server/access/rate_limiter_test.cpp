// SPDX-License-Identifier: Apache-2.0
#include "server/access/rate_limiter.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

const absl::Time kBegin = absl::UnixEpoch();

TEST(RateLimiter, NoneByDefault) {
  RateLimiter limiter;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.Take("a", kBegin), absl::ZeroDuration());
}

TEST(RateLimiter, TenSecondsAtOnceThenTheRate) {
  RateLimiter limiter;
  limiter.SetRequestsPerMinute(120);  // 2 a second
  for (int i = 0; i < 20; ++i) EXPECT_EQ(limiter.Take("a", kBegin), absl::ZeroDuration()) << i;
  EXPECT_NEAR(absl::ToDoubleSeconds(limiter.Take("a", kBegin)), 0.5, 1e-6);
  EXPECT_EQ(limiter.Take("b", kBegin), absl::ZeroDuration()) << "each has its own";
  EXPECT_NEAR(absl::ToDoubleSeconds(limiter.Take("a", kBegin + absl::Milliseconds(400))), 0.1, 1e-6);
  EXPECT_EQ(limiter.Take("a", kBegin + absl::Milliseconds(501)), absl::ZeroDuration());
  int allowed = 0;
  for (int ms = 600; ms < 60600; ms += 10) {
    allowed += limiter.Take("a", kBegin + absl::Milliseconds(ms)) == absl::ZeroDuration();
  }
  EXPECT_NEAR(allowed, 120, 1);
}

TEST(RateLimiter, LessThanOneInTenSecondsStillAllowsOne) {
  RateLimiter limiter;
  limiter.SetRequestsPerMinute(1);
  EXPECT_EQ(limiter.Take("a", kBegin), absl::ZeroDuration());
  EXPECT_NEAR(absl::ToDoubleSeconds(limiter.Take("a", kBegin + absl::Seconds(20))), 40, 1e-6);
  EXPECT_EQ(limiter.Take("a", kBegin + absl::Seconds(61)), absl::ZeroDuration());
}

TEST(RateLimiter, ManyClientsComeAndGo) {
  RateLimiter limiter;
  limiter.SetRequestsPerMinute(60);
  for (int i = 0; i < 50000; ++i) {
    EXPECT_EQ(limiter.Take(absl::StrCat("client", i), kBegin + absl::Milliseconds(i)), absl::ZeroDuration());
  }
  // One that was at its limit is not forgotten by that.
  const absl::Time now = kBegin + absl::Seconds(60);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.Take("greedy", now), absl::ZeroDuration());
  for (int i = 0; i < 20000; ++i) limiter.Take(absl::StrCat("another", i), now);
  EXPECT_GT(limiter.Take("greedy", now), absl::ZeroDuration());
}

}  // namespace
}  // namespace streamtensor::server
