// SPDX-License-Identifier: Apache-2.0
#include "server/access/tls_pair.h"

#include <gtest/gtest.h>

namespace streamtensor::server {
namespace {

TEST(TlsPair, TellsWhenItExpires) {
  const absl::Time begin = absl::FromUnixSeconds(1767225600);  // 2026-01-01
  TlsPair pair;
  pair.not_before = begin;
  pair.not_after = begin + absl::Hours(100 * 24);
  const auto at = [&](absl::Duration since) { return CheckValidity(pair, begin + since); };

  EXPECT_FALSE(at(-absl::Seconds(1)).is_valid);
  EXPECT_EQ(at(-absl::Seconds(1)).warning, "is not valid before 2026-01-01T00:00:00+00:00");
  for (const absl::Duration since : {absl::ZeroDuration(), absl::Hours(79 * 24) - absl::Seconds(1)}) {
    EXPECT_TRUE(at(since).is_valid);
    EXPECT_EQ(at(since).warning, "");
  }
  EXPECT_TRUE(at(absl::Hours(90 * 24 + 1)).is_valid);
  EXPECT_EQ(at(absl::Hours(90 * 24 + 1)).warning, "expires on 2026-04-11T00:00:00+00:00, in 239h");
  EXPECT_FALSE(at(absl::Hours(100 * 24)).is_valid);
  EXPECT_EQ(at(absl::Hours(100 * 24)).warning, "expired on 2026-04-11T00:00:00+00:00");
}

}  // namespace
}  // namespace streamtensor::server
