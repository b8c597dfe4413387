// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/dummy_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sample_artifact.h"

namespace streamtensor::runtime {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);

std::unique_ptr<Decoder> Open(int64_t step_us = 0) {
  DecoderOptions options;
  options.card.driver = CardConfig::Driver::kDummy;
  options.card.dummy_step_us = step_us;
  auto decoder = OpenDummyDecoder(artifact::SampleDecoderManifest(), options);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  return *std::move(decoder);
}

std::vector<float> Last(Decoder& decoder, const Step& step) {
  const auto result = decoder.Run(step, kTimeout);
  EXPECT_TRUE(result.ok()) << result.status();
  const std::size_t vocabulary = 50;
  return {result->logits.end() - vocabulary, result->logits.end()};
}

// Logits after the sequence `ids`, in steps of `chunk` tokens, on the given pages.
std::vector<float> After(Decoder& decoder, const std::vector<int32_t>& ids, int32_t chunk,
                         const std::vector<int32_t>& pages) {
  std::vector<float> logits;
  for (int32_t at = 0; at < static_cast<int32_t>(ids.size()); at += chunk) {
    Step step;
    for (int32_t i = at; i < std::min(at + chunk, static_cast<int32_t>(ids.size())); ++i) {
      step.tokens.push_back({ids[static_cast<std::size_t>(i)], 0, i, at, true});
    }
    step.page_tables = {pages};
    logits = Last(decoder, step);
  }
  return logits;
}

TEST(DummyDecoder, LogitsDependOnTheSequenceAlone) {
  const auto decoder = Open();
  EXPECT_EQ(decoder->info().target, "dummy");
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 70; ++i) ids.push_back(i * 13 % 50);
  const std::vector<float> expected = After(*decoder, ids, 1, {0, 1, 2});
  EXPECT_EQ(After(*decoder, ids, 3, {7, 3, 5}), expected);
  EXPECT_EQ(After(*decoder, ids, 4, {2, 1, 0}), expected);
  ids[10] = 49;
  EXPECT_NE(After(*decoder, ids, 4, {2, 1, 0}), expected);
}

TEST(DummyDecoder, SharingAStepChangesNothing) {
  const auto decoder = Open();
  Step alone;
  alone.tokens = {{5, 0, 0, 0, true}};
  alone.page_tables = {{3}};
  const std::vector<float> expected = Last(*decoder, alone);
  Step shared;
  shared.tokens = {{9, 1, 0, 0, true}, {5, 0, 0, 0, true}};
  shared.page_tables = {{4}, {5}};
  EXPECT_EQ(Last(*decoder, shared), expected);
}

TEST(DummyDecoder, ResetForgetsPages) {
  const auto decoder = Open();
  Step first, second;
  first.tokens = {{5, 0, 0, 0, true}};
  second.tokens = {{6, 0, 1, 1, true}};
  first.page_tables = second.page_tables = {{3}};
  Last(*decoder, first);
  const std::vector<float> expected = Last(*decoder, second);
  ASSERT_TRUE(decoder->Reset().ok());
  EXPECT_NE(Last(*decoder, second), expected);
}

TEST(DummyDecoder, ASlowStepMissesItsDeadline) {
  const auto decoder = Open(20000);
  Step step;
  step.tokens = {{5, 0, 0, 0, true}};
  step.page_tables = {{3}};
  EXPECT_EQ(decoder->Run(step, absl::Milliseconds(1)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(decoder->Run(step, kTimeout).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(decoder->Reset().ok());
  EXPECT_TRUE(decoder->Run(step, kTimeout).ok());
}

TEST(DummyDecoder, ChecksStepsAndOptions) {
  const auto decoder = Open();
  EXPECT_EQ(decoder->Run(Step(), kTimeout).status().code(), absl::StatusCode::kInvalidArgument);
  DecoderOptions options;
  options.card.dummy_step_us = -1;
  EXPECT_EQ(OpenDummyDecoder(artifact::SampleDecoderManifest(), options).status().message(),
            "step_us is -1, must not be negative");
}

// What becomes of each of `runs` runs, resetting the card as often as it takes after each failure.
std::string Outcomes(const DummyFaults& faults, int runs) {
  DecoderOptions options;
  options.card.driver = CardConfig::Driver::kDummy;
  options.card.dummy_faults = faults;
  options.open_card = false;
  auto decoder = OpenDummyDecoder(artifact::SampleDecoderManifest(), options);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  Step step;
  step.tokens = {{1, 0, 0, 0, true}};
  step.page_tables = {{0}};
  EXPECT_EQ((*decoder)->Run(step, kTimeout).status().code(), absl::StatusCode::kUnavailable) << "not open";
  std::string outcomes;
  auto reset = [&] {
    while (!(*decoder)->Reset().ok()) outcomes += 'r';
  };
  reset();
  for (int i = 0; i < runs; ++i) {
    const absl::Status status = (*decoder)->Run(step, absl::Milliseconds(20)).status();
    if (status.ok()) {
      outcomes += '.';
      continue;
    }
    outcomes += absl::IsDeadlineExceeded(status)                     ? 'h'
                : status.message().find("died") != std::string::npos ? 'd'
                                                                     : 'f';
    EXPECT_EQ((*decoder)->Run(step, kTimeout).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ((*decoder)->ReadSensors().status().code(), absl::StatusCode::kUnavailable);
    reset();
  }
  return outcomes;
}

TEST(DummyDecoder, FaultsFollowTheirSeed) {
  DummyFaults faults;
  faults.seed = 5;
  faults.every_runs = 4;
  const std::string first = Outcomes(faults, 60);
  EXPECT_EQ(Outcomes(faults, 60), first);
  for (const char kind : {'.', 'f', 'h', 'd', 'r'}) EXPECT_NE(first.find(kind), std::string::npos) << first;
  faults.seed = 6;
  EXPECT_NE(Outcomes(faults, 60), first);
  faults.kinds = {DummyFaults::Kind::kFail};
  EXPECT_EQ(Outcomes(faults, 60).find_first_not_of(".f"), std::string::npos);
  faults = {};
  faults.failed_opens = 3;
  EXPECT_EQ(Outcomes(faults, 5), "rrr.....");
}

}  // namespace
}  // namespace streamtensor::runtime
