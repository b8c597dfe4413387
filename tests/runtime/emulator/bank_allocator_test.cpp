// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/bank_allocator.h"

#include <gtest/gtest.h>

#include <limits>

namespace streamtensor::runtime::emulator {
namespace {

TEST(BankAllocator, GivesPagesAndTakesThemBack) {
  BankAllocator bank(1 << 30, 4 * 4096);
  EXPECT_EQ(bank.Allocate(1), 1u << 30);
  EXPECT_EQ(bank.Allocate(4097), (1u << 30) + 4096);
  EXPECT_EQ(bank.Allocate(4096), (1u << 30) + 3 * 4096);
  EXPECT_EQ(bank.Allocate(1), std::nullopt);
  bank.Free((1 << 30) + 4096);
  EXPECT_EQ(bank.Allocate(3 * 4096), std::nullopt);
  EXPECT_EQ(bank.Allocate(2 * 4096), (1u << 30) + 4096);
}

TEST(BankAllocator, IsNotFooledByHugeSizes) {
  BankAllocator bank(0, 4096);
  EXPECT_EQ(bank.Allocate(std::numeric_limits<uint64_t>::max()), std::nullopt);
  EXPECT_EQ(bank.Allocate(4097), std::nullopt);
  EXPECT_EQ(BankAllocator(0, 0).Allocate(1), std::nullopt);
}

}  // namespace
}  // namespace streamtensor::runtime::emulator
