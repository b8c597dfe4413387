// SPDX-License-Identifier: Apache-2.0
#include "runtime/driver/module_loader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace streamtensor::runtime::driver {
namespace {

TEST(ModuleLoader, LoadsAModuleOnce) {
  const auto first = LoadModule(ST_TEST_MODULE_DIR, "emulated");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_STREQ((*first)->name, "emulated");
  EXPECT_EQ(*LoadModule(ST_TEST_MODULE_DIR, "emulated"), *first);
}

TEST(ModuleLoader, SaysWhatIsWrongWithAFile) {
  const std::string folder = testing::TempDir() + "/streamtensor-modules-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  EXPECT_EQ(LoadModule(folder, "emulated").status().code(), absl::StatusCode::kNotFound);
  std::ofstream(folder + "/card_emulated.so") << "not a library";
  EXPECT_EQ(LoadModule(folder, "emulated").status().code(), absl::StatusCode::kFailedPrecondition);
  std::filesystem::copy_file(std::string(ST_TEST_MODULE_DIR) + "/card_emulated.so", folder + "/card_xrt.so");
  const absl::Status status = LoadModule(folder, "xrt").status();  // the other one under this name
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(status.message()).find("card_xrt.so"), std::string::npos) << status;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace streamtensor::runtime::driver
