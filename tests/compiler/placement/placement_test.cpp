// SPDX-License-Identifier: Apache-2.0
#include "compiler/placement/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace streamtensor::compiler {
namespace {

Platform ThreeDies() {
  Platform platform;
  platform.slrs.assign(3, {.lut = 100, .ff = 100, .bram36 = 100, .uram = 0, .dsp = 100});
  platform.limits = {.lut = 0.5, .ff = 0.5, .bram36 = 0.5, .uram = 0.5, .dsp = 0.5};
  platform.sll = {.wires = 1000, .limit = 0.6};
  return platform;
}

PlacedBlock Block(double lut, std::optional<size_t> die = std::nullopt) {
  return {"block", {.lut = lut}, die};
}

// The least cost of all placements.
double LeastCost(const PlacementProblem& problem, const Platform& platform) {
  double least = std::numeric_limits<double>::infinity();
  std::vector<size_t> dies(problem.blocks.size());
  for (;;) {
    bool stands = true;
    for (size_t i = 0; i < dies.size(); ++i)
      stands &= !problem.blocks[i].die || *problem.blocks[i].die == dies[i];
    if (stands) least = std::min(least, Judge(problem, platform, dies).cost);
    size_t at = 0;
    while (at < dies.size() && ++dies[at] == platform.slrs.size()) dies[at++] = 0;
    if (at == dies.size()) return least;
  }
}

TEST(PlacementTest, CostsTheLeastOfAllPlacements) {
  const unsigned seed = 20261129;
  std::mt19937 random(seed);
  const auto draw = [&random](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  const Platform platform = ThreeDies();
  int within = 0, beyond = 0;
  for (int round = 0; round < 60; ++round) {
    PlacementProblem problem;
    const int blocks = draw(1, 7);
    for (int i = 0; i < blocks; ++i) {
      problem.blocks.push_back(Block(draw(0, 40)));
      problem.blocks.back().needs.dsp = draw(0, 30);
      if (draw(0, 5) == 0) problem.blocks.back().die = static_cast<size_t>(draw(0, 2));
    }
    for (int i = draw(0, 10); i > 0; --i) {
      problem.links.push_back({"link", static_cast<size_t>(draw(0, blocks - 1)),
                               static_cast<size_t>(draw(0, blocks - 1)), draw(0, 400)});
    }
    const absl::StatusOr<Placement> placement = Place(problem, platform);
    ASSERT_TRUE(placement.ok()) << placement.status();
    EXPECT_TRUE(placement->optimal);
    EXPECT_NEAR(placement->cost, LeastCost(problem, platform), 1e-4)
        << "seed " << seed << ", round " << round;
    ++(placement->excess.empty() ? within : beyond);
  }
  EXPECT_GT(within, 10);
  EXPECT_GT(beyond, 5);
}

TEST(PlacementTest, KeepsAChainTogetherBesideItsMemory) {
  PlacementProblem problem;
  for (int i = 0; i < 4; ++i) problem.blocks.push_back(Block(10));
  problem.blocks.push_back(Block(0, 2));
  for (size_t i = 0; i < 4; ++i) problem.links.push_back({"link", i, i + 1, 100});
  const absl::StatusOr<Placement> placement = Place(problem, ThreeDies());
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->dies, (std::vector<size_t>{2, 2, 2, 2, 2}));
  EXPECT_EQ(placement->crossings, (std::vector<int64_t>{0, 0}));
}

TEST(PlacementTest, AWireOverTwoBoundariesCountsTwice) {
  PlacementProblem problem{{Block(50, 0), Block(50, 2)}, {{"link", 0, 1, 30}}};
  const absl::StatusOr<Placement> placement = Place(problem, ThreeDies());
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->crossings, (std::vector<int64_t>{30, 30}));
}

TEST(PlacementTest, NamesWhatIsExceeded) {
  PlacementProblem problem{{Block(80, 0), Block(10, 1)}, {{"link", 0, 1, 700}}};
  const absl::StatusOr<Placement> placement = Place(problem, ThreeDies());
  ASSERT_TRUE(placement.ok()) << placement.status();
  ASSERT_EQ(placement->excess.size(), 2u);
  EXPECT_EQ(placement->excess[0].resource, "lut");
  EXPECT_NEAR(placement->excess[0].share, 0.8, 1e-9);
  EXPECT_EQ(placement->excess[1].resource, "sll");
  EXPECT_NEAR(placement->excess[1].share, 0.7, 1e-9);
}

// What is in one die within its limits would not be with the first-come order of the text.
TEST(PlacementTest, SpreadsWhatOneDieCannotHold) {
  PlacementProblem problem;
  for (double lut : {30.0, 30.0, 20.0, 20.0, 25.0, 25.0}) problem.blocks.push_back(Block(lut));
  const absl::StatusOr<Placement> placement = Place(problem, ThreeDies());
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_TRUE(placement->excess.empty());
  EXPECT_FALSE(Judge(problem, ThreeDies(), {0, 0, 0, 0, 0, 0}).excess.empty());
}

TEST(PlacementTest, RefusesWhatIsNoProblem) {
  const Platform platform = ThreeDies();
  EXPECT_EQ(Place({{Block(1, 3)}, {}}, platform).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Place({{Block(-1)}, {}}, platform).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Place({{Block(1)}, {{"link", 0, 1, 1}}}, platform).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Place({{Block(1)}, {}}, Platform{}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace streamtensor::compiler
