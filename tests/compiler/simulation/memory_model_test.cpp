// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/memory_model.h"

#include <gtest/gtest.h>

namespace streamtensor::compiler {
namespace {

TEST(MemoryBanks, ARequestTakesItsBytesAtTheBanksRate) {
  MemoryBanks banks({.bytes_per_cycle = 50, .latency_cycles = 80}, 2);
  const MemoryService first = banks.Serve(0, 1, 10, 1000);
  EXPECT_EQ(first.begin, 10);
  EXPECT_EQ(first.end, 30);
  EXPECT_EQ(banks.busy(0), 20);
  EXPECT_EQ(banks.busy(1), 0);
}

TEST(MemoryBanks, ABankServesOneRequestAfterTheOther) {
  MemoryBanks banks({.bytes_per_cycle = 50, .latency_cycles = 80}, 2);
  banks.Serve(0, 1, 0, 1000);
  const MemoryService own = banks.Serve(0, 1, 5, 500);
  EXPECT_EQ(own.begin, 20);
  EXPECT_EQ(own.shared, 0) << "its own requests are no other master's";
  const MemoryService other = banks.Serve(0, 2, 5, 500);
  EXPECT_EQ(other.begin, 30);
  EXPECT_EQ(other.shared, 25);
  EXPECT_EQ(banks.Serve(1, 2, 5, 500).begin, 5) << "the other bank is free";
}

// Two banks, so that bank 1 refreshes at 100, 200, ... and bank 0 at 50, 150, ...
TEST(MemoryBanks, ARefreshStopsABank) {
  MemoryBanks banks(
      {.bytes_per_cycle = 1, .latency_cycles = 0, .refresh_interval = 100, .refresh_cycles = 10}, 2);
  const MemoryService within = banks.Serve(0, 1, 55, 5);
  EXPECT_EQ(within.begin, 60);
  EXPECT_EQ(within.end, 65);
  EXPECT_EQ(within.refresh, 5);
  const MemoryService across = banks.Serve(1, 1, 90, 30);
  EXPECT_EQ(across.begin, 90);
  EXPECT_EQ(across.end, 130);
  EXPECT_EQ(across.refresh, 10);
  EXPECT_EQ(banks.Serve(1, 1, 130, 200).end, 350) << "two more refreshes";
}

TEST(MemoryBanks, ABurstThatIsNotNeededFreesTheBank) {
  MemoryBanks banks({.bytes_per_cycle = 10, .latency_cycles = 0}, 1);
  banks.Serve(0, 1, 0, 100);
  banks.GiveBack(0, 1, 40);
  EXPECT_EQ(banks.busy(0), 6);
  EXPECT_EQ(banks.Serve(0, 1, 0, 10).begin, 6);
}

}  // namespace
}  // namespace streamtensor::compiler
