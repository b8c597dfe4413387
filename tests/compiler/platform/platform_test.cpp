// SPDX-License-Identifier: Apache-2.0
#include "compiler/platform/platform.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"

namespace streamtensor::compiler {
namespace {

std::string Shipped(const std::string& name) {
  std::ifstream file(std::string(ST_PLATFORM_DIR) + "/" + name + ".yaml");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Writes `text` as u55c.yaml into a folder of its own and reads it.
absl::StatusOr<Platform> ReadText(const std::string& text) {
  const std::string folder = ::testing::TempDir() + "/platform_test";
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/u55c.yaml";
  std::ofstream(path) << text;
  return ReadPlatform(path);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Platform, ShippedFilesAreSound) {
  for (const char* name : {"u200", "u250", "u280", "u55c", "v80"}) {
    absl::StatusOr<Platform> platform = ReadPlatform(std::string(ST_PLATFORM_DIR) + "/" + name + ".yaml");
    ASSERT_TRUE(platform.ok()) << platform.status();
    EXPECT_EQ(platform->name, name);
    EXPECT_FALSE(platform->slrs.empty());
    EXPECT_EQ(platform->sources.size(), 6u);
  }
}

TEST(Platform, U55cHoldsThePublishedFigures) {
  absl::StatusOr<Platform> platform = ReadPlatform(std::string(ST_PLATFORM_DIR) + "/u55c.yaml");
  ASSERT_TRUE(platform.ok()) << platform.status();
  EXPECT_EQ(platform->memory.banks, 32);
  EXPECT_EQ(platform->memory.bytes_per_bank, 512ll << 20);
  EXPECT_DOUBLE_EQ(platform->memory.PeakBytesPerSecond(), 460e9);
  EXPECT_TRUE(platform->memory.IsHbm());
  EXPECT_EQ(platform->memory.ConnectivityName(31), "HBM[31]");
  EXPECT_DOUBLE_EQ(platform->clock_hz, 250e6);
  EXPECT_EQ(platform->ClockMhz(), 250);
  EXPECT_EQ(platform->Dsps(), 8304);
  // 80 % of 1776 block RAMs of 4 KiB and of 960 UltraRAMs of 32 KiB.
  EXPECT_EQ(platform->OnChipBytes(), static_cast<int64_t>(0.8 * (1776 * 4096 + 960 * 32768)));
  // 424 of 460 GB/s.
  EXPECT_NEAR(platform->memory.UsableBytesPerSecond() * 32, 425e9, 2e9);
}

TEST(Platform, U250HoldsThePublishedFigures) {
  absl::StatusOr<Platform> platform = ReadPlatform(std::string(ST_PLATFORM_DIR) + "/u250.yaml");
  ASSERT_TRUE(platform.ok()) << platform.status();
  EXPECT_EQ(platform->memory.banks, 4);
  EXPECT_EQ(platform->memory.bytes_per_bank, 16ll << 30);
  EXPECT_DOUBLE_EQ(platform->memory.PeakBytesPerSecond(), 77e9);
  EXPECT_FALSE(platform->memory.IsHbm());
  EXPECT_EQ(platform->memory.ConnectivityName(3), "DDR[3]");
  EXPECT_EQ(platform->memory.TopologyName(3), "bank3");
  EXPECT_EQ(platform->slrs.size(), 4u);
}

TEST(Platform, MistakesAreNamedWithTheirPlace) {
  const struct {
    const char* from;
    const char* to;
    const char* message;
  } cases[] = {
      {"kind: HBM2", "kinds: HBM2", "memory has no key kind"},
      {"kind: HBM2", "kind: SRAM", "memory.kind is \"SRAM\"; allowed are HBM2, HBM2e, DDR4"},
      {"launch_seconds:", "unheard_of: 1\n  launch_seconds:", "unknown key host.unheard_of"},
      {"vitis:", "targets: [hw]\nvitis:", "unknown key targets"},
      {"  shell: xilinx_u55c_gen3x16_xdma_base_3\n", "", "vitis has no key shell"},
      {"part: xcu55c", "part: xc;u55c", "; allowed is a name of 1 to 63 letters, digits and _ - ."},
      {"title: AMD", "title: \"A\\nMD\" # ",
       "title is \"A\\nMD\"; allowed is one line of 1 to 1000 printable"},
      {"banks: 32", "banks: 0", "memory.banks is \"0\"; allowed is a whole number from 1 to 256"},
      {"banks: 32", "banks: 257", "memory.banks is \"257\""},
      {"banks: 32", "banks: many", "memory.banks is \"many\""},
      {"banks: 32", "banks: 3", "'engine.weight_channels' is 4, but 'memory.banks' is 3"},
      {"connectivity_name: \"HBM[{bank}]\"", "connectivity_name: HBM",
       "allowed is a name that holds {bank} once"},
      {"topology_name: \"HBM[{bank}]\"", "topology_name: \"{bank}{bank}\"",
       "memory.topology_name is \"{bank}{bank}\""},
      {"bytes_per_bank: 536870912", "bytes_per_bank: 536870913", "'memory.bytes_per_bank' is 536870913"},
      {"efficiency: 0.99", "efficiency: .nan",
       "memory.burst_efficiency is \".nan\"; allowed is a number from 0.01 to 1"},
      {"frequency_hz: 250.0e+6", "frequency_hz: 322.27e+6", "v++ takes whole MHz"},
      {"banks: 32", "banks: 32\n  banks: 32", "memory.banks is given twice"},
      {"name: u55c", "name: u56c", "must be the file's name"},
      {"  power: ", "  powers: ", "sources has no key power"},
      {"slrs: [0]", "slrs: [0, 0]",
       "'memory.slrs' has 2 numbers; expected one for all banks, or one for each of 32"},
      {"slrs: [0]", "slrs: [3]", "'memory.slrs' names die 3; 'logic.slrs' has 3"},
      {"sll: {wires: 23040, limit: 0.65}", "", "'logic.sll' is missing, but 'logic.slrs' has 3 dies"},
      {"slrs:\n", "slrs: 3\n  was:\n", "logic.slrs is \"3\"; allowed is a list"},
      {"vitis:", "vitis: [[[", "u55c.yaml:"},
  };
  for (const auto& test : cases) {
    absl::StatusOr<Platform> platform = ReadText(Replaced(Shipped("u55c"), test.from, test.to));
    ASSERT_FALSE(platform.ok()) << test.to;
    EXPECT_NE(platform.status().message().find(test.message), std::string::npos) << platform.status();
    EXPECT_NE(platform.status().message().find("u55c.yaml:"), std::string::npos) << platform.status();
  }
}

}  // namespace
}  // namespace streamtensor::compiler
