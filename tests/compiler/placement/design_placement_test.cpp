// SPDX-License-Identifier: Apache-2.0
#include "compiler/placement/design_placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace streamtensor::compiler {
namespace {

using ::testing::HasSubstr;

Platform TwoDies() {
  Platform platform;
  platform.slrs.assign(2, {.lut = 1000, .ff = 1000, .bram36 = 10, .uram = 0, .dsp = 100});
  platform.limits = {.lut = 0.5, .ff = 0.5, .bram36 = 0.5, .uram = 0.5, .dsp = 0.5};
  platform.sll = {.wires = 1000, .limit = 0.65};
  platform.memory.banks = 2;
  platform.memory.slrs = {0, 1};
  return platform;
}

// load -> (words) -> store, with a pointer each; bank 1 is on die 1.
schedule::DesignEstimate LoadAndStore() {
  schedule::DesignEstimate design;
  design.dataflow = true;
  for (const char* name : {"load", "store"}) {
    schedule::ProcessEstimate process;
    process.name = name;
    process.area.lut = 300;
    design.processes.push_back(process);
  }
  schedule::LoopEstimate loop;
  schedule::AxiAccess access;
  access.port = "in";
  access.bytes = 4;
  access.accesses = 1;
  access.burst = true;
  loop.axi.push_back(access);
  design.processes[0].loops.push_back(loop);
  schedule::Channel words;
  words.name = "words";
  words.bits = 32;
  words.area.lut = 40;
  words.processes = {"load", "store"};
  design.channels.push_back(words);
  design.ports.push_back({"in", "bank0", {"load"}});
  design.ports.push_back({"out", "bank1", {"store"}});
  return design;
}

TEST(DesignPlacementTest, BlocksAreProcessesAndMemories) {
  const PlacementProblem problem = DesignBlocks(LoadAndStore(), TwoDies());
  ASSERT_EQ(problem.blocks.size(), 4u);
  EXPECT_EQ(problem.blocks[0].needs.lut, 300);
  EXPECT_EQ(problem.blocks[1].needs.lut, 340) << "a channel belongs to its reader";
  EXPECT_EQ(problem.blocks[2].die, 0u);
  EXPECT_EQ(problem.blocks[3].die, 1u);
  ASSERT_EQ(problem.links.size(), 3u);
  EXPECT_EQ(problem.links[0].wires, 34);
  EXPECT_EQ(problem.links[1].wires, 132) << "32 bits read";
  EXPECT_EQ(problem.links[2].wires, 612) << "as wide as a master can be, where no access is known";
}

TEST(DesignPlacementTest, EachProcessStandsBesideItsMemory) {
  const Platform platform = TwoDies();
  const PlacementProblem problem = DesignBlocks(LoadAndStore(), platform);
  const absl::StatusOr<Placement> placement = Place(problem, platform);
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->dies, (std::vector<size_t>{0, 1, 0, 1}));
  const std::string text = PlacementText(problem, *placement, platform);
  EXPECT_THAT(text, HasSubstr("SLR1: lut 34 % of 50 %;"));
  EXPECT_THAT(text, HasSubstr("SLR0 to SLR1: sll 3 % of 65 %; 34 wires\n"));
  EXPECT_THAT(text, HasSubstr("placement: optimal\n"));
  const std::string script = FloorplanText(problem, *placement);
  EXPECT_THAT(
      script,
      HasSubstr("add_cells_to_pblock st_slr1 [get_cells -hierarchical -filter {NAME =~ */store_U0}]\n"));
  EXPECT_THAT(script, ::testing::Not(HasSubstr("memory")));
}

TEST(DesignPlacementTest, MarksWhatIsTooMuch) {
  const Platform platform = TwoDies();
  schedule::DesignEstimate design = LoadAndStore();
  design.processes[0].area.dsp = 60;
  const PlacementProblem problem = DesignBlocks(design, platform);
  const absl::StatusOr<Placement> placement = Place(problem, platform);
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_THAT(PlacementText(problem, *placement, platform), HasSubstr("dsp 60 % of 50 % (too much);"));
}

}  // namespace
}  // namespace streamtensor::compiler
