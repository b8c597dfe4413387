// SPDX-License-Identifier: Apache-2.0
// What happens to requests on a real card that fails its runs, through AMD's library and XRT's noop device:
// it takes every run for done and computes nothing, so no run's status is ever written.
#include <gtest/gtest.h>

#include <optional>

#include "artifact/manifest_writer.h"
#include "server/scheduler/card_loop.h"
#include "streamtensor/runtime/decoder.h"
#include "tests/artifact/sample_artifact.h"
#include "tests/server/scheduler/fake_card.h"

namespace conformance {
namespace {

using namespace streamtensor::runtime;
using namespace streamtensor::server;
namespace artifact = streamtensor::artifact;
using artifact::v1::Manifest;

// A decoder for hardware, whose bitstream is nothing.
void WriteHardwareArtifact(const artifact::SampleFolder& folder) {
  Manifest manifest = artifact::SampleDecoderManifest();
  manifest.set_target(Manifest::TARGET_HW);
  folder.WriteFile("design.xclbin", artifact::SampleXclbinOf(manifest, std::vector<std::byte>(64)));
  folder.WriteFile("weights.bin", artifact::SampleWeights());
  folder.WriteFile("tokenizer.bin", artifact::SampleTokenizer().SerializeAsString());
  const std::vector<std::string> names = {"design.xclbin", "weights.bin", "tokenizer.bin"};
  const absl::Status status = artifact::WriteManifest(folder.path(), names, &manifest);
  ASSERT_TRUE(status.ok()) << status;
}

// Resets at once; remembers the states that it saw.
class Host : public CardHost {
 public:
  void BeginReset() override {
    const absl::Status status = decoder->Reset();
    EXPECT_TRUE(status.ok()) << status;
    loop->OnReset(status);
  }
  bool TransferSequence(const std::shared_ptr<Sequence>&, int32_t) override { return false; }
  void OnState() override { states.push_back(loop->state()); }

  Decoder* decoder = nullptr;
  CardLoop* loop = nullptr;
  std::vector<CardState> states;
};

TEST(LostCard, ARealCardThatFailsItsRunsIsResetEachTimeAndTheRequestEnds) {
  artifact::SampleFolder folder;
  ASSERT_NO_FATAL_FAILURE(WriteHardwareArtifact(folder));
  DecoderOptions options;
  options.card.driver = "xrt";
  options.artifact = folder.path();
  options.card.library_dir = ST_TEST_LIBRARY_DIR;
  options.open_card = false;
  const auto decoder = OpenDecoder(options);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  EXPECT_EQ((*decoder)->info().target, "hw");

  streamtensor::server::testing::SimulatedClock clock;
  SchedulerObserver observer;
  Host host;
  host.decoder = decoder->get();
  CardLoop loop("xrt:0", decoder->get(), &clock, SchedulerLimits(), RecoveryLimits(), &observer, &host);
  host.loop = &loop;
  loop.Advance();
  ASSERT_EQ(loop.state(), CardState::kReady) << loop.error();

  GenerationRequest request;
  request.prompt = {3, 4, 5};
  request.sampling.temperature = 0;
  request.stopping.max_tokens = 5;
  request.arrival = clock.now;
  const auto sink = std::make_shared<streamtensor::server::testing::RecordingSink>();
  auto sequence = std::make_shared<Sequence>(
      request, std::make_shared<streamtensor::server::testing::FakeVocabulary>(50), sink);
  ASSERT_TRUE(loop.scheduler().Check(*sequence).ok());
  loop.Enqueue(std::move(sequence));
  for (int i = 0; i < 50 && !sink->done; ++i) {
    const CardLoop::Progress progress = loop.Advance();
    if (!progress.ran) clock.now = std::max(clock.now, progress.next);
  }
  ASSERT_TRUE(sink->done);
  EXPECT_EQ(sink->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(sink->status.message().find("4 runs of this request"), std::string::npos) << sink->status;
  EXPECT_TRUE(sink->token_ids.empty());
  clock.now += absl::Minutes(1);
  loop.Advance();
  EXPECT_EQ(loop.state(), CardState::kReady) << loop.error();
  EXPECT_EQ(loop.resets(), 4u);
  ASSERT_EQ(host.states.size(), 9u);
  for (std::size_t i = 0; i < host.states.size(); ++i) {
    EXPECT_EQ(host.states[i], i % 2 ? CardState::kLost : CardState::kReady);
  }
}

TEST(LostCard, ARealCardThatIsNotThereCanBeTriedAgain) {
  artifact::SampleFolder folder;
  ASSERT_NO_FATAL_FAILURE(WriteHardwareArtifact(folder));
  DecoderOptions options;
  options.card.driver = "xrt";
  options.card.bdf = "0000:ff:00.0";  // the noop device has every index
  options.artifact = folder.path();
  options.card.library_dir = ST_TEST_LIBRARY_DIR;
  options.open_card = false;
  const auto decoder = OpenDecoder(options);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE((*decoder)->Reset().ok());
  EXPECT_EQ((*decoder)->ReadSensors().status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace conformance
