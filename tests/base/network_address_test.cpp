// SPDX-License-Identifier: Apache-2.0
#include "base/network_address.h"

#include <gtest/gtest.h>

#include <string>

namespace streamtensor::base {
namespace {

TEST(NetworkAddress, IsAHostAndAPort) {
  for (const char* good : {"127.0.0.1:50051", "[::1]:1", "localhost:65535"}) {
    EXPECT_TRUE(IsHostAndPort(good)) << good;
  }
  for (const char* bad : {"", ":", "host", ":50051", "host:", "host:0", "host:65536", "host:x", "unix:/a:1",
                          "http://host:80"}) {
    EXPECT_FALSE(IsHostAndPort(bad)) << bad;
  }
}

TEST(NetworkAddress, AUnixSocketHasAnAbsolutePathThatTheSystemTakes) {
  EXPECT_EQ(UnixSocketPath("unix:/run/a.sock"), "/run/a.sock");
  EXPECT_EQ(UnixSocketPath("unix:/" + std::string(106, 'a')), "/" + std::string(106, 'a'));
  for (const std::string& bad :
       {std::string(), std::string("unix:"), std::string("unix:a.sock"), std::string("/run/a.sock"),
        std::string("127.0.0.1:1"), "unix:/" + std::string(107, 'a')}) {
    EXPECT_EQ(UnixSocketPath(bad), "") << bad;
  }
}

}  // namespace
}  // namespace streamtensor::base
