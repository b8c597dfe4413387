// SPDX-License-Identifier: Apache-2.0
#include "server/access/access_control.h"

#include <gtest/gtest.h>

#include <string>

namespace streamtensor::server {
namespace {

const absl::Time kNow = absl::UnixEpoch();
constexpr char kAlice[] = "Bearer 0123456789abcdef";
constexpr char kBob[] = "bearer 0123456789abcdeg";

AccessControl& WithTokens(AccessControl& access, int64_t requests_per_minute = 0) {
  access.SetPolicy(*ClientTokens::Parse("alice 0123456789abcdef\nbob 0123456789abcdeg small\n", "t"),
                   requests_per_minute);
  return access;
}

TEST(AccessControl, OpenWithoutTokens) {
  AccessControl access;
  EXPECT_TRUE(access.Admit("", "ipv4:1.2.3.4:5", "m", true, kNow).ok());
  access.SetPolicy(std::nullopt, 0);
  EXPECT_TRUE(access.Admit("nonsense", "ipv4:1.2.3.4:5", "m", true, kNow).ok());
}

TEST(AccessControl, TokensAndModels) {
  AccessControl access;
  WithTokens(access);
  for (const char* wrong : {"", "Basic abc", "0123456789abcdef", "Bearer", "Bearer ",
                            "Bearer 0123456789abcde", "Bearer 0123456789abcdef "}) {
    const absl::Status status = access.Admit(wrong, "p:1", "small", false, kNow);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << wrong;
    EXPECT_EQ(status.message().find("0123456789"), std::string::npos);
  }
  EXPECT_TRUE(access.Admit(kAlice, "p:1", "large", true, kNow).ok());
  EXPECT_TRUE(access.Admit(kBob, "p:1", "small", true, kNow).ok());
  EXPECT_TRUE(access.Admit(kBob, "p:1", "", true, kNow).ok()) << "no model is asked for";
  const absl::Status denied = access.Admit(kBob, "p:1", "large", true, kNow);
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(denied.message(), "client bob may not use model large; allowed are small");
}

TEST(AccessControl, TheRateIsTheClientsWhereverItConnectsFrom) {
  AccessControl access;
  WithTokens(access, 6);  // one in ten seconds
  EXPECT_TRUE(access.Admit(kAlice, "ipv4:1.1.1.1:1", "m", true, kNow).ok());
  const absl::Status again = access.Admit(kAlice, "ipv4:2.2.2.2:2", "m", true, kNow);
  EXPECT_EQ(again.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(std::string(again.GetPayload(kRetryAfterPayload).value_or(absl::Cord())), "10000");
  EXPECT_TRUE(access.Admit(kAlice, "ipv4:1.1.1.1:1", "m", false, kNow).ok()) << "does not count";
  EXPECT_TRUE(access.Admit(kBob, "ipv4:1.1.1.1:1", "small", true, kNow).ok());

  access.SetPolicy(std::nullopt, 6);
  EXPECT_TRUE(access.Admit("", "ipv4:1.1.1.1:1", "m", true, kNow).ok());
  EXPECT_FALSE(access.Admit("", "ipv4:1.1.1.1:2", "m", true, kNow).ok()) << "another port, the same host";
  EXPECT_TRUE(access.Admit("", "ipv4:1.1.1.2:1", "m", true, kNow).ok());
}

TEST(AccessControl, AnIpv6NetworkIsOneClient) {
  AccessControl access;
  access.SetPolicy(std::nullopt, 6);
  EXPECT_TRUE(access.Admit("", "ipv6:%5B2001:db8:1:2::7%5D:1", "m", true, kNow).ok());
  EXPECT_FALSE(access.Admit("", "ipv6:%5B2001:db8:1:2:a:b:c:d%5D:2", "m", true, kNow).ok())
      << "another of its 2^64 addresses";
  EXPECT_TRUE(access.Admit("", "ipv6:%5B2001:db8:1:3::7%5D:1", "m", true, kNow).ok());
  EXPECT_TRUE(access.Admit("", "ipv6:%5B::1%5D:1", "m", true, kNow).ok());
  EXPECT_TRUE(access.Admit("", "ipv6:nonsense:1", "m", true, kNow).ok());
}

}  // namespace
}  // namespace streamtensor::server
