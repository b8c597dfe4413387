// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/artifact_folder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/base/scratch_folder.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

TEST(ArtifactFolder, RemovesWhatKilledCompilationsLeft) {
  const streamtensor::testing::ScratchFolder scratch;
  const std::string target = scratch.path() + "/model";
  const auto leave = [&](const std::string& name, std::chrono::hours age) {
    const fs::path folder = scratch.path() + "/" + name;
    fs::create_directories(folder / "hls");
    fs::last_write_time(folder, fs::file_time_type::clock::now() - age);
    return folder;
  };
  const fs::path abandoned = leave("model.building.aaaaaa", std::chrono::hours(1));
  const fs::path fresh = leave("model.building.bbbbbb", std::chrono::hours(0));
  const fs::path of_another = leave("model2.building.cccccc", std::chrono::hours(1));
  const auto at_work = ArtifactFolder::Create(target);
  ASSERT_TRUE(at_work.ok()) << at_work.status();
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(fresh)) << "its owner may not have locked it yet";
  EXPECT_TRUE(fs::exists(of_another));
  fs::last_write_time((*at_work)->path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto second = ArtifactFolder::Create(target);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(fs::exists((*at_work)->path())) << "its owner holds the lock";
  EXPECT_TRUE((*at_work)->Publish().ok());
  EXPECT_TRUE(fs::exists(target));
}

}  // namespace
}  // namespace streamtensor::compiler
