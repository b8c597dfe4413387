// SPDX-License-Identifier: Apache-2.0
#include "compiler/platform/platform_folders.h"

#include <algorithm>
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

// A folder of card models before all others.
class PlatformFoldersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path(::testing::TempDir()) / ("platform_folders_test." + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    setenv("STREAMTENSOR_PLATFORM_DIR", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("STREAMTENSOR_PLATFORM_DIR");
    std::filesystem::remove_all(folder_);
  }
  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  std::filesystem::path folder_;
};

TEST_F(PlatformFoldersTest, UnknownNamesListTheKnown) {
  for (const char* name : {"u56c", "", "../u55c", "u55c.yaml", "a\nb"}) {
    absl::StatusOr<Platform> platform = FindPlatform(name);
    EXPECT_EQ(platform.status().code(), absl::StatusCode::kNotFound);
    EXPECT_NE(platform.status().message().find("known: u200, u250, u280, u55c, v80"), std::string::npos)
        << platform.status();
  }
  EXPECT_TRUE(FindPlatform("u280").ok());
}

TEST_F(PlatformFoldersTest, AFileMoreIsAPlatformMore) {
  const std::string before = HashPlatforms().value();
  EXPECT_EQ(before, HashPlatforms().value());
  std::string text = Shipped("u280");
  text.replace(text.find("name: u280"), 10, "name: mine");
  Write("mine.yaml", text);
  Write("notes.txt", "no card model");
  EXPECT_EQ(PlatformNames(), (std::vector<std::string>{"mine", "u200", "u250", "u280", "u55c", "v80"}));
  EXPECT_EQ(FindPlatform("mine")->part, "xcu280-fsvh2892-2L-e");
  EXPECT_NE(HashPlatforms().value(), before);
}

TEST_F(PlatformFoldersTest, TheFirstFolderCounts) {
  const std::string before = HashPlatforms().value();
  std::string text = Shipped("u280");
  text.replace(text.find("title: AMD Alveo U280"), 21, "title: Another U280  ");
  Write("u280.yaml", text);
  EXPECT_EQ(FindPlatform("u280")->title, "Another U280");
  EXPECT_EQ(std::ranges::count(PlatformNames(), "u280"), 1);
  EXPECT_NE(HashPlatforms().value(), before);
  // A wrong file is an error, not a reason to look further.
  Write("u280.yaml", "name: u280\n");
  EXPECT_EQ(FindPlatform("u280").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace streamtensor::compiler
