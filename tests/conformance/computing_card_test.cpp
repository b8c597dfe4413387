// SPDX-License-Identifier: Apache-2.0
// What a card must do that computes: right answers, modelled figures, memory, and designs that fail.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/conformance/loaded_card.h"

namespace conformance {
namespace {

class ComputingCard : public testing::Test {
 protected:
  // Opens the card only where the test runs.
  void Open() { ASSERT_NO_FATAL_FAILURE(loaded_.Open(ConfigUnderTest())); }
  Card& card() { return loaded_.card(); }
  LoadedCard loaded_;
};

TEST_F(ComputingCard, Computes) {
  ST_NEEDS(computes);
  ASSERT_NO_FATAL_FAILURE(Open());
  for (uint32_t tokens = 1; tokens <= kStepTokens; ++tokens) {
    ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(tokens));
    const absl::StatusOr<RunReport> report = card().Run(kLong);
    ASSERT_TRUE(report.ok()) << report.status();
    loaded_.ExpectOutput(tokens);
    if (!CapabilitiesUnderTest().times_processes) continue;
    ASSERT_EQ(report->processes.size(), 2u);
    EXPECT_EQ(report->processes[0].name, "load");
    EXPECT_GT(report->launch_nanoseconds, 0u);
  }
}

TEST_F(ComputingCard, OneBufferServesTwoArguments) {
  ST_NEEDS(computes);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  for (int run = 0; run < 3; ++run) {
    ASSERT_TRUE(card().Run(kLong).ok());
    loaded_.ExpectOutput(1, 0.5f + static_cast<float>(run));  // the pool grew by one in each run
  }
}

TEST_F(ComputingCard, TellsModelledFiguresOfTheStep) {
  ST_NEEDS(models_steps);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(2));
  const auto descriptor = loaded_.As<uint32_t>(kDescriptor);
  descriptor[3] = 2;            // logits rows
  descriptor[16 + 3] = 33;      // token 0 attends to two pages
  descriptor[16 + 8 + 3] = 32;  // token 1 to one
  ST_ASSERT_OK(loaded_.ToCard(kDescriptor));
  const absl::StatusOr<RunReport> report = card().Run(kLong);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->modelled);
  EXPECT_EQ(report->modelled_cycles, 100u + 1020u + 7u + 3u * 3u);
  EXPECT_DOUBLE_EQ(report->modelled_seconds, 1136 / kClockHz);
  EXPECT_TRUE(report->joules_known);
  EXPECT_FALSE(report->joules_measured);
  EXPECT_DOUBLE_EQ(report->joules, 28 * 1136 / kClockHz + 1e-9 * (1000 + 3 * 10));
}

TEST_F(ComputingCard, ModelledPowerRisesAboveTheStaticWhileItWorks) {
  ST_NEEDS(models_steps);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(card().Run(kLong).ok());
  const auto sensors = card().ReadSensors();
  ASSERT_TRUE(sensors.ok()) << sensors.status();
  EXPECT_TRUE(sensors->power_known);
  EXPECT_FALSE(sensors->power_measured);
  EXPECT_GE(sensors->power_watts, 28);
  EXPECT_LT(sensors->power_watts, 28.01);
  EXPECT_FALSE(sensors->temperature_known);
  EXPECT_NE(sensors->electrical_json.find("power_consumption_watts"), std::string::npos);
}

TEST_F(ComputingCard, AForgottenSyncShowsInStrictModeAlone) {
  ST_NEEDS(computes);
  ST_NEEDS(separates_memories);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  for (float& weight : loaded_.As<float>(kWeights)) weight = 3;  // not sent
  ASSERT_TRUE(card().Run(kLong).ok());
  const float before = loaded_.As<float>(kOutput)[1];
  ST_ASSERT_OK(loaded_.FromCard(kOutput));
  const float after = loaded_.As<float>(kOutput)[1];
  EXPECT_EQ(after, ConfigUnderTest().strict_sync ? 2.5f : 3.5f);
  EXPECT_EQ(before, ConfigUnderTest().strict_sync ? -1.0f : 3.5f);
}

TEST_F(ComputingCard, ADeadlockIsAFailedRunThatNamesItsLaunchAndItsCycle) {
  ST_NEEDS(explains_deadlocks);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ASSERT_TRUE(card().Run(kLong).ok());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kDeadlock));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  const std::string message(status.message());
  for (const char* name : {"launch 2: ", "load", "store", "products", "acknowledgements"}) {
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
  EXPECT_EQ(card().Run(kLong).status().code(), absl::StatusCode::kUnavailable);  // until it is reset
  loaded_.ExpectRecovers();
}

TEST_F(ComputingCard, ARunThatNeverEndsTimesOut) {
  ST_NEEDS(computes);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kSpin));
  const absl::Status status = card().Run(absl::Milliseconds(50)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  if (CapabilitiesUnderTest().is_process) {
    EXPECT_NE(std::string(status.message()).find("launch 1: "), std::string::npos) << status;
  }
  EXPECT_EQ(card().Run(kLong).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(loaded_.ToCard(kInput).code(), absl::StatusCode::kUnavailable);
  loaded_.ExpectRecovers();
}

TEST_F(ComputingCard, ADesignReachesNeitherFilesNorNetwork) {
  ST_NEEDS(confines_designs);
  ASSERT_NO_FATAL_FAILURE(Open());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers' cards may read files: see runtime/card_program/confinement.cpp";
#endif
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kReachOut));
  ASSERT_TRUE(card().Run(kLong).ok());
  ST_ASSERT_OK(loaded_.FromCard(kOutput));
  EXPECT_EQ(loaded_.As<float>(kOutput)[0], 0)
      << "neither while it is loaded (its constructors) nor in a launch";
  EXPECT_NE(access("/tmp/streamtensor-conformance", F_OK), 0);
}

TEST_F(ComputingCard, ABankHoldsAsMuchAsItHas) {
  ST_NEEDS(checks_memory);
  ASSERT_NO_FATAL_FAILURE(Open());
  constexpr uint64_t kBankBytes = 512ull << 20;
  const absl::Status status = card().Allocate(kInput, kBankBytes).status();  // the input is in there too
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(std::string(status.message()).find("bank 1"), std::string::npos) << status;
  for (int i = 0; i < 3; ++i) {
    const auto buffer = card().Allocate(kInput, kBankBytes - 4096);
    EXPECT_TRUE(buffer.ok()) << buffer.status();  // freed each time
  }
}

TEST_F(ComputingCard, ABufferTooSmallForItsArgumentIsAnError) {
  ST_NEEDS(checks_memory);
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto small = card().Allocate(kOutput, ArgumentBytes()[kOutput] - 4);
  ASSERT_TRUE(small.ok()) << small.status();
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ST_ASSERT_OK(card().SetArgument(kOutput, **small));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("output"), std::string::npos) << status;
}

TEST_F(ComputingCard, PagesBeyondThePoolAreAnError) {
  ST_NEEDS(checks_memory);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  loaded_.As<uint32_t>(kDescriptor)[4] = 2;  // the pool holds one
  ST_ASSERT_OK(loaded_.ToCard(kDescriptor));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("2 pages"), std::string::npos) << status;
}

}  // namespace
}  // namespace conformance
