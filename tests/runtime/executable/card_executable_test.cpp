// SPDX-License-Identifier: Apache-2.0
// Decoder and executable over a fake card: what is uploaded, what a step does to the card's memory, and
// what happens when the card fails.
#include "runtime/executable/card_executable.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "artifact/artifact.h"
#include "fake_card.h"
#include "kernels/contract/descriptor.h"
#include "runtime/executable/card_decoder.h"
#include "runtime/executable/step_descriptor.h"
#include "sample_artifact.h"

namespace streamtensor::runtime {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);

// Writes "done" and logits[w][v] = token id * 100 + v.
void DecoderKernel(FakeCardState& card) {
  const uint32_t* const descriptor = card.Card<uint32_t>(0);
  uint32_t* const status = card.Card<uint32_t>(1);
  float* logits = card.Card<float>(2);
  for (uint32_t t = 0; t < descriptor[2]; ++t) {
    const uint32_t* const token = descriptor + 16 + 8 * t;
    if ((token[4] & 1) == 0) continue;
    for (int v = 0; v < 50; ++v) *logits++ = static_cast<float>(token[0] * 100 + static_cast<uint32_t>(v));
  }
  status[0] = status[0] == contract::kStatusCleared ? contract::kStatusDone : 99;
}

class CardDecoderTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.WriteArtifact(artifact::SampleDecoderManifest(), artifact::SampleTokenizer());
    state_ = std::make_shared<FakeCardState>();
    state_->kernel = DecoderKernel;
    state_->report.card_seconds = 0.25;
  }

  absl::StatusOr<std::unique_ptr<Decoder>> Open(const DecoderOptions& options = {}) {
    auto artifact = artifact::Artifact::Open(folder_.path());
    if (!artifact.ok()) return artifact.status();
    artifact::v1::Manifest manifest = (*artifact)->manifest();
    return OpenCardDecoder(kFakeDriver, OpenFakeCard(state_), std::move(manifest), *std::move(artifact),
                           options);
  }

  static Step OneToken(int32_t id) {
    Step step;
    step.tokens = {{id, 0, 0, 0, true}};
    step.page_tables = {{0}};
    return step;
  }

  artifact::SampleFolder folder_;
  std::shared_ptr<FakeCardState> state_;
};

TEST_F(CardDecoderTest, TellsWhatItIs) {
  DecoderOptions options;
  options.kv_pages = 20;
  const auto decoder = Open(options);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  const DecoderInfo& info = (*decoder)->info();
  EXPECT_EQ(info.model_name, "sample");
  EXPECT_EQ(info.target, "emulation");
  EXPECT_EQ(info.vocabulary, 50);
  EXPECT_EQ(info.max_context, 250);
  EXPECT_EQ(info.step_tokens, 4);
  EXPECT_EQ(info.page_tokens, 32);
  EXPECT_EQ(info.max_pages, 8);
  EXPECT_EQ(info.pages, 20);
  EXPECT_EQ(info.modelled_step_cycles, (std::vector<uint64_t>{1500, 2600, 3700, 4800}));
  ASSERT_EQ(info.modelled_step_joules.size(), 4u);
  // 20 W for the cycles at 250 MHz, and 16 KiB at 0.1 nJ a byte.
  for (int t = 1; t <= 4; ++t) {
    EXPECT_DOUBLE_EQ(info.modelled_step_joules[t - 1], 20 * (400 + 1100 * t) / 250e6 + 16384 * 1e-10);
  }
}

TEST_F(CardDecoderTest, UploadsEverythingOnce) {
  DecoderOptions options;
  options.kv_pages = 20;
  const auto decoder = Open(options);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  EXPECT_EQ(state_->arguments.size(), 11u);
  EXPECT_EQ(state_->arguments[5], state_->arguments[7]);  // K read and write: one buffer
  EXPECT_EQ(state_->arguments[6], state_->arguments[8]);
  EXPECT_NE(state_->arguments[5], state_->arguments[6]);
  EXPECT_EQ(state_->allocated[5], 20u * 2048);
  EXPECT_EQ(state_->allocated.count(7), 0u);
  const std::string weights = artifact::SampleWeights();
  const struct {
    uint32_t argument;
    std::size_t offset, bytes;
  } uploads[] = {{3, 0, 4096}, {4, 4096, 4000}, {9, 8192, 2048}, {10, 12288, 4096}};
  for (const auto& upload : uploads) {
    ASSERT_EQ(state_->arguments[upload.argument]->card.size(), upload.bytes);
    EXPECT_EQ(std::memcmp(state_->Card<char>(upload.argument), weights.data() + upload.offset, upload.bytes),
              0);
  }
}

TEST_F(CardDecoderTest, RunsSteps) {
  const auto decoder = Open();
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  Step step;
  step.tokens = {{7, 0, 40, 40, true}, {1, 1, 0, 0, false}, {3, 1, 1, 0, true}};
  step.page_tables = {{4, 9}, {2}};
  auto result = (*decoder)->Run(step, kTimeout);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->logits.size(), 100u);
  EXPECT_EQ(result->logits[0], 700);
  EXPECT_EQ(result->logits[99], 349);
  EXPECT_EQ(result->card_seconds, 0.25);
  // launch 500 + 3 tokens 3000 + one further logit row 100 + 2 pages * 10
  EXPECT_EQ(result->modelled_cycles, 3620u);
  EXPECT_DOUBLE_EQ(result->modelled_seconds, 3620 / 250e6);
  EXPECT_DOUBLE_EQ(result->joules, 20 * 3620 / 250e6 + 1e-10 * (16384 + 2 * 4096));
  EXPECT_FALSE(result->joules_measured);
  // The status is cleared for each run, or the second would not end well.
  for (int32_t id = 0; id < 50; ++id) {
    result = (*decoder)->Run(OneToken(id), kTimeout);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->logits[1], static_cast<float>(id * 100 + 1));
  }
  step.tokens = {{7, 0, 40, 40, false}};
  EXPECT_TRUE((*decoder)->Run(step, kTimeout)->logits.empty());
}

TEST_F(CardDecoderTest, CardsOwnModelGoesFirst) {
  state_->report.modelled = state_->report.joules_known = true;
  state_->report.modelled_cycles = 1234;
  state_->report.modelled_seconds = 0.5;
  state_->report.joules = 2;
  state_->report.processes = {{"engine", 1000, 7}};
  const auto decoder = Open();
  ASSERT_TRUE(decoder.ok());
  const auto result = (*decoder)->Run(OneToken(1), kTimeout);
  EXPECT_EQ(result->modelled_cycles, 1234u);
  EXPECT_EQ(result->modelled_seconds, 0.5);
  EXPECT_EQ(result->joules, 2);
  ASSERT_EQ((*decoder)->process_times().size(), 1u);
  EXPECT_EQ((*decoder)->process_times()[0].name, "engine");
}

TEST_F(CardDecoderTest, ADesignThatFailedIsACardThatFailed) {
  const auto decoder = Open();
  ASSERT_TRUE(decoder.ok());
  state_->run_status = absl::InternalError("deadlock: a waits for b");
  EXPECT_EQ((*decoder)->Run(OneToken(1), kTimeout).status(),
            absl::UnavailableError("deadlock: a waits for b"));
  EXPECT_EQ(state_->cards_alive, 0);
}

TEST_F(CardDecoderTest, BadStepsLaunchNothing) {
  const auto decoder = Open();
  ASSERT_TRUE(decoder.ok());
  state_->kernel = [](FakeCardState&) { FAIL() << "launched"; };
  EXPECT_EQ((*decoder)->Run(OneToken(50), kTimeout).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*decoder)->Run(OneToken(1), absl::ZeroDuration()).status().message(),
            "timeout is 0, must be positive");
  state_->kernel = DecoderKernel;
  EXPECT_TRUE((*decoder)->Run(OneToken(1), kTimeout).ok());
}

TEST_F(CardDecoderTest, RefusedStepNamesWhatTheCardFound) {
  const auto decoder = Open();
  ASSERT_TRUE(decoder.ok());
  state_->kernel = [](FakeCardState& card) {
    card.Card<uint32_t>(1)[0] = 5;
    card.Card<uint32_t>(1)[1] = 0;
    card.Card<uint32_t>(1)[2] = 49;
  };
  const auto status = (*decoder)->Run(OneToken(49), kTimeout).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "the card refused the step: token id at index 0 is 49");
}

TEST_F(CardDecoderTest, FailedRunNeedsReset) {
  const auto decoder = Open();
  ASSERT_TRUE(decoder.ok());
  for (const absl::Status& fault :
       {absl::UnavailableError("card process died"), absl::DeadlineExceededError("not done after 5s")}) {
    state_->run_status = fault;
    EXPECT_EQ((*decoder)->Run(OneToken(1), kTimeout).status(), fault);
    EXPECT_EQ(state_->cards_alive, 0);
    state_->run_status = absl::OkStatus();
    EXPECT_EQ((*decoder)->Run(OneToken(1), kTimeout).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ((*decoder)->ReadSensors().status().code(), absl::StatusCode::kUnavailable);
    // A card that is still away.
    state_->open_status = absl::UnavailableError("no card 0");
    EXPECT_EQ((*decoder)->Reset(), state_->open_status);
    EXPECT_EQ((*decoder)->Run(OneToken(1), kTimeout).status().code(), absl::StatusCode::kUnavailable);
    state_->open_status = absl::OkStatus();
    ASSERT_TRUE((*decoder)->Reset().ok());
    const auto result = (*decoder)->Run(OneToken(3), kTimeout);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->logits[0], 300);
  }
  EXPECT_EQ(state_->opened, 3);
  EXPECT_EQ(state_->resets, 2);
}

TEST_F(CardDecoderTest, NoMemoryNamesTheArgument) {
  state_->allocate_status = absl::ResourceExhaustedError("bank 0 is full");
  const auto status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "kernel argument 0 (descriptor): bank 0 is full");
  EXPECT_EQ(state_->cards_alive, 0);
  EXPECT_EQ(state_->buffers_alive, 0);
}

TEST_F(CardDecoderTest, PagesFollowTheOptions) {
  DecoderOptions options;
  options.kv_bytes = 100 * 2048 + 5;
  EXPECT_EQ((*Open(options))->info().pages, 100);
  options.kv_bytes = int64_t{1} << 40;
  EXPECT_EQ((*Open(options))->info().pages, 64 * 8);
  options.kv_bytes = 7 * 2048;
  EXPECT_EQ(Open(options).status().message(),
            "kv_bytes gives 7 KV pages of 2048 bytes, a sequence of 250 tokens needs 8 (16384 bytes a pool)");
  options.kv_pages = -1;
  EXPECT_EQ(Open(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CardDecoderTest, ReadsSensors) {
  const auto decoder = Open();
  const auto sensors = (*decoder)->ReadSensors();
  ASSERT_TRUE(sensors.ok());
  EXPECT_EQ(sensors->power_watts, 33);
}

class CardExecutableTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.WriteArtifact(artifact::SampleModuleManifest(), {});
    state_ = std::make_shared<FakeCardState>();
    state_->kernel = [](FakeCardState& card) {
      const uint32_t rows = card.Card<uint32_t>(0)[2];
      for (uint32_t i = 0; i < rows * 8; ++i) card.Card<float>(3)[i] = card.Card<float>(2)[i] * 2;
      card.Card<uint32_t>(1)[0] = contract::kStatusDone;
    };
    auto artifact = artifact::Artifact::Open(folder_.path());
    ASSERT_TRUE(artifact.ok()) << artifact.status();
    auto executable = OpenCardExecutable(OpenFakeCard(state_), *std::move(artifact));
    ASSERT_TRUE(executable.ok()) << executable.status();
    executable_ = *std::move(executable);
  }

  artifact::SampleFolder folder_;
  std::shared_ptr<FakeCardState> state_;
  std::unique_ptr<Executable> executable_;
};

TEST_F(CardExecutableTest, RunsRows) {
  ASSERT_EQ(executable_->info().inputs.size(), 1u);
  EXPECT_EQ(executable_->info().inputs[0].name, "x");
  EXPECT_EQ(executable_->info().max_rows, 4);
  std::vector<float> x(24);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x))};
  const auto result = executable_->Run(3, inputs, kTimeout);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->outputs.size(), 1u);
  ASSERT_EQ(result->outputs[0].size(), 24 * sizeof(float));
  float last = 0;
  std::memcpy(&last, result->outputs[0].data() + 23 * sizeof(float), sizeof last);
  EXPECT_EQ(last, 46);
  EXPECT_EQ(result->modelled_cycles, 3500u);
}

TEST_F(CardExecutableTest, NamesTheInputThatIsWrong) {
  const std::vector<float> x(24);
  const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x))};
  EXPECT_EQ(executable_->Run(5, inputs, kTimeout).status().message(), "rows is 5, must be 1..4");
  EXPECT_EQ(executable_->Run(2, inputs, kTimeout).status().message(),
            "input 0 (x) has 96 bytes, must have 2 rows of 8 float32");
  EXPECT_EQ(executable_->Run(2, {}, kTimeout).status().message(), "0 inputs given, the module has 1");
}

// A module of integers with a check: y = 2 x, and 1 where x is negative.
TEST(CardExecutableChecks, RefuseASampleInTheModulesWords) {
  artifact::SampleFolder folder;
  artifact::v1::Manifest manifest = artifact::SampleModuleManifest();
  auto& arguments = *manifest.mutable_kernel()->mutable_arguments();
  for (const int i : {2, 3}) {
    arguments[i].set_element(artifact::v1::Argument::INT64);
    arguments[i].add_shape(1);
    arguments[i].set_width(2);
  }
  artifact::v1::Argument checks = arguments[3];
  checks.set_name("checks");
  checks.set_element(artifact::v1::Argument::INT32);
  checks.clear_shape();
  checks.set_width(1);
  checks.set_index(5);
  checks.add_checks("must not be negative");
  *arguments.Add() = checks;
  folder.WriteArtifact(manifest, {});
  auto state = std::make_shared<FakeCardState>();
  state->kernel = [](FakeCardState& card) {
    const uint32_t rows = card.Card<uint32_t>(0)[2];
    for (uint32_t i = 0; i < rows; ++i) {
      card.Card<int64_t>(3)[i] = card.Card<int64_t>(2)[i] * 2;
      card.Card<uint32_t>(5)[i] = card.Card<int64_t>(2)[i] < 0 ? 1 : 0;
    }
    card.Card<uint32_t>(1)[0] = contract::kStatusDone;
  };
  auto artifact = artifact::Artifact::Open(folder.path());
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  auto executable = OpenCardExecutable(OpenFakeCard(state), *std::move(artifact));
  ASSERT_TRUE(executable.ok()) << executable.status();
  ASSERT_EQ((*executable)->info().outputs.size(), 1u);  // the checks are none
  EXPECT_EQ((*executable)->info().outputs[0].element, ElementType::kInt64);
  EXPECT_EQ((*executable)->info().outputs[0].shape, (std::vector<int64_t>{1}));
  const std::vector<int64_t> good = {5, int64_t{1} << 40}, bad = {5, -6};
  const std::span<const std::byte> good_inputs[] = {std::as_bytes(std::span(good))};
  const std::span<const std::byte> bad_inputs[] = {std::as_bytes(std::span(bad))};
  const auto refused = (*executable)->Run(2, bad_inputs, kTimeout).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(), "the module refuses sample 1 of this run: must not be negative");
  // Nothing is wrong with the card.
  const auto result = (*executable)->Run(2, good_inputs, kTimeout);
  ASSERT_TRUE(result.ok()) << result.status();
  int64_t last = 0;
  std::memcpy(&last, result->outputs[0].data() + sizeof last, sizeof last);
  EXPECT_EQ(last, int64_t{1} << 41);
}

TEST_F(CardExecutableTest, FailedRunEndsIt) {
  const std::vector<float> x(8);
  const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x))};
  state_->run_status = absl::UnavailableError("gone");
  EXPECT_EQ(executable_->Run(1, inputs, kTimeout).status().message(), "gone");
  state_->run_status = absl::OkStatus();
  EXPECT_EQ(executable_->Run(1, inputs, kTimeout).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace streamtensor::runtime
