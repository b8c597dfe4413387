// SPDX-License-Identifier: Apache-2.0
// The suite's control part: what every driver must do, whether or not its card computes. Run on the
// emulated card and on AMD's library with XRT's noop device.
#include <gtest/gtest.h>

#include <limits>

#include "tests/conformance/card_fixture.h"

namespace conformance {
namespace {

class Control : public testing::TestWithParam<CardConfig::Driver> {
 protected:
  std::unique_ptr<Card> Open() {
    absl::StatusOr<std::unique_ptr<Card>> card = Card::Open(Options(GetParam()));
    EXPECT_TRUE(card.ok()) << card.status().ToString();
    return card.ok() ? *std::move(card) : nullptr;
  }
};

TEST_P(Control, OpensAndClosesAgainAndAgain) {
  for (int i = 0; i < 3; ++i) ASSERT_NE(Open(), nullptr);
}

TEST_P(Control, NothingWorksBeforeADesignIsLoaded) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  EXPECT_EQ(card->Allocate(0, 64).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(card->Run(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(Control, RunsADesign) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  for (int i = 0; i < 20; ++i) {
    ASSERT_NO_FATAL_FAILURE(loaded.SendStep(1));
    const absl::StatusOr<RunReport> report = loaded.card().Run(kLong);
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_GT(report->card_seconds, 0);
    ST_ASSERT_OK(loaded.FromCard(kOutput));
  }
}

TEST_P(Control, RefusesTheOtherDriversDesignByName) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  const bool emulated = GetParam() == CardConfig::Driver::kEmulated;
  const absl::Status status = card->LoadXclbin(emulated ? HardwareXclbin() : EmulationXclbin(), kKernelName);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_NE(message.find(emulated ? "xilinx_u55c_gen3x16_xdma_base_3" : "streamtensor_emulated_u55c_1"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find(emulated ? "driver 'emulated'" : "driver 'xrt'"), std::string::npos) << message;
  ST_ASSERT_OK(card->LoadXclbin(XclbinFor(GetParam()), kKernelName));  // and goes on
}

// XRT's own emulation, and an emulated card of another kind.
TEST_P(Control, RefusesForeignDesignsByName) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  for (const char* vbnv : {"xilinx_u55c_gen3x16_xdma_base_3", "streamtensor_emulated_u280_1"}) {
    const absl::Status status = card->LoadXclbin(EmulationXclbinFor(vbnv), kKernelName);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << vbnv;
    EXPECT_NE(std::string(status.message()).find(vbnv), std::string::npos) << status;
  }
  ST_ASSERT_OK(card->LoadXclbin(XclbinFor(GetParam()), kKernelName));  // and goes on
}

TEST_P(Control, RefusesADamagedDesign) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  std::vector<std::byte> bytes = XclbinFor(GetParam());
  bytes.resize(bytes.size() / 2);
  EXPECT_EQ(card->LoadXclbin(bytes, kKernelName).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(card->LoadXclbin({}, kKernelName).code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(Control, RefusesAKernelThatIsNotThere) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  const absl::Status status = card->LoadXclbin(XclbinFor(GetParam()), "other");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("'other'"), std::string::npos) << status;
}

TEST_P(Control, RefusesABufferOfAnotherBank) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  const absl::Status status = loaded.card().SetArgument(kOutput, loaded.buffer(kInput));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("bank"), std::string::npos) << status;
}

TEST_P(Control, RefusesAnArgumentThatIsNotThere) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  EXPECT_EQ(loaded.card().SetArgument(kArguments, loaded.buffer(kInput)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(loaded.card().Allocate(kArguments, 64).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(loaded.card().Allocate(std::numeric_limits<uint32_t>::max(), 64).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(Control, RefusesToRunWithAnUnsetArgument) {
  const std::unique_ptr<Card> card = Open();
  ASSERT_NE(card, nullptr);
  ST_ASSERT_OK(card->LoadXclbin(XclbinFor(GetParam()), kKernelName));
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (uint32_t i = 0; i + 1 < kArguments; ++i) {
    absl::StatusOr<std::unique_ptr<Buffer>> buffer = card->Allocate(i, ArgumentBytes()[i]);
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    buffers.push_back(*std::move(buffer));
    ST_ASSERT_OK(card->SetArgument(i, *buffers.back()));
  }
  const absl::Status status = card->Run(kLong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(status.message()).find("pool_write"), std::string::npos) << status;
}

TEST_P(Control, RefusesASyncBeyondTheBuffer) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  Buffer& buffer = loaded.buffer(kInput);
  const uint64_t bytes = buffer.host().size();
  EXPECT_EQ(buffer.Sync(SyncDirection::kToCard, 0, bytes + 1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(buffer.Sync(SyncDirection::kToCard, bytes, 1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(buffer.Sync(SyncDirection::kFromCard, std::numeric_limits<uint64_t>::max(), 2).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(buffer.Sync(SyncDirection::kToCard, bytes, 0).ok());
}

TEST_P(Control, RefusesATimeoutThatIsNone) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  EXPECT_EQ(loaded.card().Run(absl::ZeroDuration()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(loaded.card().Run(-absl::Seconds(1)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(Control, KeepsOneDesignsBuffersFromTheNext) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  EXPECT_EQ(loaded.card().LoadXclbin(XclbinFor(GetParam()), kKernelName).code(),
            absl::StatusCode::kFailedPrecondition);
  loaded.DropBuffers();
  ASSERT_NO_FATAL_FAILURE(loaded.Load());
}

TEST_P(Control, ResetsAndRunsAgain) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  for (int i = 0; i < 2; ++i) {
    loaded.DropBuffers();
    ST_ASSERT_OK(loaded.card().Reset());
    EXPECT_EQ(loaded.card().Run(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
    ASSERT_NO_FATAL_FAILURE(loaded.Load());
    ASSERT_NO_FATAL_FAILURE(loaded.SendStep(1));
    EXPECT_TRUE(loaded.card().Run(kLong).ok());
  }
}

TEST_P(Control, BuffersOutliveAReset) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  ASSERT_NO_FATAL_FAILURE(loaded.SendStep(1));
  ST_ASSERT_OK(loaded.card().Reset());
  EXPECT_EQ(loaded.As<float>(kWeights)[3], 2);  // still readable
  EXPECT_EQ(loaded.ToCard(kWeights).code(), absl::StatusCode::kUnavailable);
}

TEST_P(Control, ReadsSensors) {
  LoadedCard loaded;
  ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(GetParam())));
  const auto sensors = loaded.card().ReadSensors();
  ASSERT_TRUE(sensors.ok()) << sensors.status().ToString();
  EXPECT_FALSE(sensors->electrical_json.empty());
  if (GetParam() == CardConfig::Driver::kEmulated) {
    EXPECT_TRUE(sensors->power_known);
    EXPECT_FALSE(sensors->power_measured);
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, Control, testing::Values(ST_CONTROL_DRIVERS), [](const auto& instance) {
  return instance.param == CardConfig::Driver::kEmulated ? "Emulated" : "XrtNoop";
});

}  // namespace
}  // namespace conformance
