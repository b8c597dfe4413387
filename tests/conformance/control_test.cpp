// SPDX-License-Identifier: Apache-2.0
// The suite's control part: what every driver must do, whether or not its cards compute.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/conformance/loaded_card.h"

namespace conformance {
namespace {

std::unique_ptr<Card> Open() {
  absl::StatusOr<std::unique_ptr<Card>> card = OpenCard(ConfigUnderTest());
  EXPECT_TRUE(card.ok()) << card.status().ToString();
  return card.ok() ? *std::move(card) : nullptr;
}

absl::Status Load(Card& card) { return card.LoadDesign(DesignFor(DriverUnderTest()).view()); }

absl::Status Load(Card& card, std::vector<std::byte> xclbin) {
  return card.LoadDesign(SampleDesign(SampleManifest(), std::move(xclbin)).view());
}

TEST(Control, OpensAndClosesAgainAndAgain) {
  for (int i = 0; i < 3; ++i) ASSERT_NE(Open(), nullptr);
}

TEST(Control, NothingWorksBeforeADesignIsLoaded) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  EXPECT_EQ(card->Allocate(0, 64).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(card->Run(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Control, RunsADesign) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  for (int i = 0; i < 20; ++i) {
    ASSERT_NO_FATAL_FAILURE(loaded.SendStep(1));
    const absl::StatusOr<RunReport> report = loaded.card().Run(kLong);
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_GT(report->card_seconds, 0);
    EXPECT_EQ(report->modelled, CapabilitiesUnderTest().models_steps);
    EXPECT_EQ(!report->processes.empty(), CapabilitiesUnderTest().times_processes);
    ST_ASSERT_OK(loaded.FromCard(kOutput));
  }
}

TEST(Control, WritesTheStatusOfARun) {
  ST_NEEDS(writes_status);
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  for (uint32_t tokens = 1; tokens <= kStepTokens; ++tokens) {
    ASSERT_NO_FATAL_FAILURE(loaded.SendStep(tokens));
    ASSERT_TRUE(loaded.card().Run(kLong).ok());
    ST_ASSERT_OK(loaded.FromCard(kStatus));
    EXPECT_EQ(loaded.As<uint32_t>(kStatus)[0], contract::kStatusDone);
  }
}

TEST(Control, RefusesTheOtherKindsDesignByName) {
  ST_NEEDS_DESIGNS();
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  const bool hardware = DriverUnderTest().target == "hw";
  const absl::Status status = Load(*card, hardware ? EmulationXclbin() : HardwareXclbin());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_NE(message.find(hardware ? "streamtensor_emulated_u55c_1" : "xilinx_u55c_gen3x16_xdma_base_3"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("driver '" + std::string(DriverUnderTest().name) + "'"), std::string::npos)
      << message;
  ST_ASSERT_OK(Load(*card));  // and goes on
}

// XRT's own emulation, and an emulated card of another kind.
TEST(Control, RefusesForeignDesignsByName) {
  ST_NEEDS_DESIGNS();
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  for (const char* vbnv : {"xilinx_u55c_gen3x16_xdma_base_3", "streamtensor_emulated_u280_1"}) {
    const absl::Status status = Load(*card, EmulationXclbinFor(vbnv));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << vbnv;
    EXPECT_NE(std::string(status.message()).find(vbnv), std::string::npos) << status;
  }
  ST_ASSERT_OK(Load(*card));  // and goes on
}

TEST(Control, RefusesADamagedDesign) {
  ST_NEEDS_DESIGNS();
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  const SampleDesign design = DesignFor(DriverUnderTest());
  std::vector<std::byte> bytes(design.view().xclbin.begin(), design.view().xclbin.end());
  bytes.resize(bytes.size() / 2);
  EXPECT_EQ(Load(*card, bytes).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Load(*card, {}).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Control, RefusesAKernelThatIsNotThere) {
  ST_NEEDS_DESIGNS();
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  streamtensor::artifact::v1::Manifest manifest = SampleManifest();
  manifest.mutable_kernel()->set_name("other");
  const SampleDesign design = DesignFor(DriverUnderTest());
  const absl::Status status = card->LoadDesign({.manifest = manifest, .xclbin = design.view().xclbin});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("'other'"), std::string::npos) << status;
}

TEST(Control, RefusesABufferOfAnotherBank) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  const absl::Status status = loaded.card().SetArgument(kOutput, loaded.buffer(kInput));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("bank"), std::string::npos) << status;
}

TEST(Control, RefusesAnArgumentThatIsNotThere) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  EXPECT_EQ(loaded.card().SetArgument(kArguments, loaded.buffer(kInput)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(loaded.card().Allocate(kArguments, 64).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(loaded.card().Allocate(std::numeric_limits<uint32_t>::max(), 64).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Control, RefusesToRunWithAnUnsetArgument) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  ST_ASSERT_OK(Load(*card));
  std::vector<std::unique_ptr<CardBuffer>> buffers;
  for (uint32_t i = 0; i + 1 < kArguments; ++i) {
    absl::StatusOr<std::unique_ptr<CardBuffer>> buffer = card->Allocate(i, ArgumentBytes()[i]);
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    buffers.push_back(*std::move(buffer));
    ST_ASSERT_OK(card->SetArgument(i, *buffers.back()));
  }
  const absl::Status status = card->Run(kLong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(status.message()).find("pool_write"), std::string::npos) << status;
}

TEST(Control, RefusesASyncBeyondTheBuffer) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  CardBuffer& buffer = loaded.buffer(kInput);
  const uint64_t bytes = buffer.host().size();
  EXPECT_EQ(buffer.Sync(SyncDirection::kToCard, 0, bytes + 1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(buffer.Sync(SyncDirection::kToCard, bytes, 1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(buffer.Sync(SyncDirection::kFromCard, std::numeric_limits<uint64_t>::max(), 2).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(buffer.Sync(SyncDirection::kToCard, bytes, 0).ok());
}

TEST(Control, RefusesATimeoutThatIsNone) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  EXPECT_EQ(loaded.card().Run(absl::ZeroDuration()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(loaded.card().Run(-absl::Seconds(1)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Control, KeepsOneDesignsBuffersFromTheNext) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  EXPECT_EQ(Load(loaded.card()).code(), absl::StatusCode::kFailedPrecondition);
  loaded.DropBuffers();
  ASSERT_NO_FATAL_FAILURE(loaded.Load());
}

TEST(Control, ResetsAndRunsAgain) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  for (int i = 0; i < 2; ++i) {
    loaded.DropBuffers();
    ST_ASSERT_OK(loaded.card().Reset());
    EXPECT_EQ(loaded.card().Run(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
    ASSERT_NO_FATAL_FAILURE(loaded.Load());
    ASSERT_NO_FATAL_FAILURE(loaded.SendStep(1));
    EXPECT_TRUE(loaded.card().Run(kLong).ok());
  }
}

TEST(Control, BuffersOutliveAReset) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  ASSERT_NO_FATAL_FAILURE(loaded.SendStep(1));
  ST_ASSERT_OK(loaded.card().Reset());
  EXPECT_EQ(loaded.As<float>(kWeights)[3], 2);  // still readable
  EXPECT_EQ(loaded.ToCard(kWeights).code(), absl::StatusCode::kUnavailable);
}

TEST(Control, ReadsSensors) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
  const auto sensors = loaded.card().ReadSensors();
  ASSERT_TRUE(sensors.ok()) << sensors.status().ToString();
  EXPECT_EQ(!sensors->electrical_json.empty(), CapabilitiesUnderTest().reports_sensors);
  if (CapabilitiesUnderTest().models_steps) {
    EXPECT_TRUE(sensors->power_known);
    EXPECT_FALSE(sensors->power_measured);
  }
}

TEST(Control, HasAProcessIfItSaysSo) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  EXPECT_EQ(card->ProcessId() != 0, CapabilitiesUnderTest().is_process);
}

TEST(Control, RefusesABufferOfAnotherCard) {
  LoadedCard one, other;
  ASSERT_NO_FATAL_FAILURE(one.Open(ConfigUnderTest(0)));
  ASSERT_NO_FATAL_FAILURE(other.Open(ConfigUnderTest(1)));
  EXPECT_EQ(one.card().SetArgument(kInput, other.buffer(kInput)).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_NO_FATAL_FAILURE(one.SendStep(1));
  EXPECT_TRUE(one.card().Run(kLong).ok());
}

}  // namespace
}  // namespace conformance
