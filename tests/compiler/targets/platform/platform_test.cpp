// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/platform/platform.h"

#include <cstdlib>
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
  for (const char* name : {"u55c", "u280", "v80"}) {
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
  EXPECT_EQ(platform->memory.channels, 32);
  EXPECT_EQ(platform->memory.bytes_per_channel, 512ll << 20);
  EXPECT_DOUBLE_EQ(platform->memory.bytes_per_second_per_channel * 32, 460e9);
  EXPECT_DOUBLE_EQ(platform->clock_hz, 250e6);
  int64_t dsp = 0;
  for (const auto& slr : platform->slrs) dsp += slr.dsp;
  EXPECT_EQ(dsp, 8304);
  EXPECT_EQ(platform->Dsps(), 8304);
  // 424 of 460 GB/s.
  EXPECT_NEAR(platform->memory.UsableBytesPerSecond() * 32, 425e9, 2e9);
}

TEST(Platform, MistakesAreNamedWithTheirPlace) {
  const struct {
    const char* from;
    const char* to;
    const char* message;
  } cases[] = {
      {"kind: HBM2", "kinds: HBM2", "'memory.kind' is missing"},
      {"launch_seconds:", "unheard_of: 1\n  launch_seconds:", "unknown key 'unheard_of'"},
      {"channels: 32", "channels: 0", "'memory.channels' must be a whole number from 1 to 256, found '0'"},
      {"channels: 32", "channels: many", "found 'many'"},
      {"efficiency: 0.99", "efficiency: .nan", "'memory.burst_efficiency' must be a number"},
      {"targets: [emulation, hw]", "targets: [asic]", "may hold: emulation, hw"},
      {"port_bits: 512", "port_bits: 512\n  port_bits: 512", "stands twice"},
      {"name: u55c", "name: u56c", "must be the file's name"},
      {"  power: ", "  powers: ", "'sources.power' is missing"},
      {"slrs:", "slrs: 3\n  was:", "'logic.slrs' must be a list"},
      {"targets: [", "targets: [[[", "u55c.yaml:"},
  };
  for (const auto& test : cases) {
    absl::StatusOr<Platform> platform = ReadText(Replaced(Shipped("u55c"), test.from, test.to));
    ASSERT_FALSE(platform.ok()) << test.to;
    EXPECT_NE(platform.status().message().find(test.message), std::string::npos) << platform.status();
    EXPECT_NE(platform.status().message().find("u55c.yaml:"), std::string::npos) << platform.status();
  }
}

TEST(Platform, UnknownNamesListTheKnown) {
  setenv("STREAMTENSOR_PLATFORM_DIR", ST_PLATFORM_DIR, 1);
  for (const char* name : {"u56c", "", "../u55c"}) {
    absl::StatusOr<Platform> platform = FindPlatform(name);
    ASSERT_FALSE(platform.ok());
    EXPECT_NE(platform.status().message().find("u280, u55c, v80"), std::string::npos) << platform.status();
  }
  EXPECT_TRUE(FindPlatform("u280").ok());
}

}  // namespace
}  // namespace streamtensor::compiler
