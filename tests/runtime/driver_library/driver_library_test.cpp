// SPDX-License-Identifier: Apache-2.0
#include "runtime/driver_library/driver_library.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace streamtensor::runtime {
namespace {

TEST(DriverLibrary, IsLoadedOnce) {
  const auto first = LoadDriverLibrary(ST_TEST_LIBRARY_DIR, "emulated");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_STREQ((*first)->name, "emulated");
  EXPECT_EQ(*LoadDriverLibrary(ST_TEST_LIBRARY_DIR, "emulated"), *first);
}

TEST(DriverLibrary, SaysWhatIsWrongWithAFile) {
  const std::string folder = testing::TempDir() + "/streamtensor-libraries-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  EXPECT_EQ(LoadDriverLibrary(folder, "emulated").status().code(), absl::StatusCode::kNotFound);
  std::ofstream(folder + "/card_emulated.so") << "not a library";
  EXPECT_EQ(LoadDriverLibrary(folder, "emulated").status().code(), absl::StatusCode::kFailedPrecondition);
  std::filesystem::copy_file(std::string(ST_TEST_LIBRARY_DIR) + "/card_emulated.so", folder + "/card_xrt.so");
  const absl::Status status = LoadDriverLibrary(folder, "xrt").status();  // the other one under this name
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(status.message()).find("card_xrt.so"), std::string::npos) << status;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace streamtensor::runtime
