// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/fifo_prices.h"

#include "tests/compiler/sizing/random_problem.h"

namespace streamtensor::sizing {
namespace {

using schedule::Area;
using schedule::FifoStorage;

TEST(FifoPrices, FollowWhatVitisTakes) {
  const FifoPrices prices = PricesOf(Objective::kPrice);
  const Fifo word{.bits = 32};
  EXPECT_EQ(prices.AreaOf(word, 2).bram18, 0);
  EXPECT_EQ(prices.AreaOf(word, 32).bram18, 0);   // shift registers
  EXPECT_EQ(prices.AreaOf(word, 128).bram18, 0);  // LUTRAM
  EXPECT_EQ(prices.AreaOf(word, 129).bram18, 1);
  EXPECT_EQ(prices.AreaOf(word, 512).bram18, 1);
  EXPECT_EQ(prices.AreaOf(word, 513).bram18, 2);
  // A packet is a memory of its own.
  const Fifo packet{.bits = 512, .words = 48};
  EXPECT_EQ(prices.AreaOf(packet, 3).lut, 3 * prices.AreaOf(packet, 1).lut);
}

TEST(FifoPrices, StorageCanBeChosen) {
  const Fifo word{.bits = 72};
  EXPECT_EQ(PricesOf(Objective::kPrice, FifoStorage::kUltraRam).AreaOf(word, 4096).uram, 1);
  EXPECT_EQ(PricesOf(Objective::kPrice, FifoStorage::kUltraRam).AreaOf(word, 4097).uram, 2);
  EXPECT_EQ(PricesOf(Objective::kPrice, FifoStorage::kBlockRam).AreaOf(word, 3).bram18, 2);
  EXPECT_EQ(PricesOf(Objective::kPrice, FifoStorage::kShiftRegisters).AreaOf(word, 512).bram18, 0);
}

TEST(FifoPrices, ABlockRamCostsAsItsPartOfTheCard) {
  const auto platform = compiler::FindPlatform("u55c");
  int64_t bram36 = 0;
  for (const auto& slr : platform->slrs) bram36 += slr.bram36;
  EXPECT_DOUBLE_EQ(PricesOf(Objective::kPrice).Share(Area{.bram18 = 1}), 0.5 / static_cast<double>(bram36));
}

// Whatever depth one asks for, a level holds it and costs no more, and lower levels don't hold it.
TEST(FifoPrices, LevelsLoseNothing) {
  for (const Objective objective : {Objective::kPrice, Objective::kBits}) {
    const FifoPrices prices = PricesOf(objective);
    for (const Fifo& fifo :
         {Fifo{.bits = 1}, Fifo{.bits = 32}, Fifo{.bits = 512}, Fifo{.bits = 512, .words = 27}}) {
      constexpr int64_t kMost = 1500;
      const std::vector<int64_t> levels = prices.Levels(fifo, 2, kMost);
      ASSERT_FALSE(levels.empty());
      ASSERT_GE(levels.back(), kMost);
      for (size_t i = 1; i < levels.size(); ++i) {
        ASSERT_LT(levels[i - 1], levels[i]);
        ASSERT_LT(prices.Price(fifo, levels[i - 1]), prices.Price(fifo, levels[i]));
      }
      for (int64_t depth = 2; depth <= kMost; ++depth) {
        const int64_t level = *std::lower_bound(levels.begin(), levels.end(), depth);
        ASSERT_LE(prices.Price(fifo, level), prices.Price(fifo, depth))
            << depth << " of " << fifo.bits << " bits";
      }
    }
  }
}

TEST(FifoPrices, VeryDeepFifosHaveFewLevels) {
  const std::vector<int64_t> levels = PricesOf(Objective::kBits).Levels({.bits = 8}, 1, 1'000'000);
  EXPECT_EQ(levels.size(), FifoPrices::kMostLevels);
  EXPECT_EQ(levels.front(), 1);
  EXPECT_EQ(levels.back(), 1'000'000);
}

}  // namespace
}  // namespace streamtensor::sizing
