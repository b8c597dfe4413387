// SPDX-License-Identifier: Apache-2.0
// What the emulated driver says of a configuration that it can't use. What its cards do: tests/conformance.
#include <gtest/gtest.h>

#include <string>

#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime {
namespace {

CardConfig Config() {
  CardConfig config;
  config.library_dir = ST_TEST_LIBRARY_DIR;
  config.card_program = ST_TEST_CARD_PROGRAM;
  return config;
}

absl::StatusOr<CardOpener> Opener(const CardConfig& config) {
  return FindDriver("emulated").value()->opener(config);
}

absl::Status OpenError(const CardConfig& config) {
  const absl::StatusOr<CardOpener> open = Opener(config);
  EXPECT_TRUE(open.ok()) << open.status();
  return open.ok() ? (*open)().status() : open.status();
}

TEST(EmulatedDriver, RefusesAConfigurationBeforeItOpensACard) {
  CardConfig config = Config();
  config.bdf = "0000:01:00.1";
  EXPECT_EQ(Opener(config).status().code(), absl::StatusCode::kInvalidArgument);
  for (const uint32_t threads : {0u, 3u}) {
    config = Config();
    config.threads = threads;
    const absl::Status status = Opener(config).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_NE(std::string(status.message()).find("threads"), std::string::npos) << status;
  }
}

TEST(EmulatedDriver, SaysWhatIsMissing) {
  CardConfig config = Config();
  config.card_program = "/nowhere/streamtensor-card";
  absl::Status status = OpenError(config);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(status.message()).find("/nowhere/streamtensor-card"), std::string::npos) << status;

  config = Config();
  config.card_program = "/bin/true";
  status = OpenError(config);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message()).find("/bin/true"), std::string::npos) << status;

  config = Config();
  config.library_dir = "/nowhere";
  status = OpenError(config);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(status.message()).find("/nowhere/card_emulated.so"), std::string::npos) << status;

  config = Config();
  config.index = 1000;
  EXPECT_EQ(OpenError(config).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace streamtensor::runtime
