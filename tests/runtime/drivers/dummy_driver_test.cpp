// SPDX-License-Identifier: Apache-2.0
// Decoders on dummy cards: the driver behind the same code as any other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "sample_artifact.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);

// An artifact that is a manifest alone: all that a dummy card reads.
absl::StatusOr<std::unique_ptr<Decoder>> OpenDummy(DecoderOptions options) {
  const artifact::SampleFolder folder;
  folder.WriteManifestAsIs(artifact::SampleDecoderManifest());
  options.artifact = folder.path();
  options.card.driver = "dummy";
  return OpenDecoder(options);
}

std::unique_ptr<Decoder> Open(int64_t step_us = 0) {
  DecoderOptions options;
  options.card.dummy_step_us = step_us;
  auto decoder = OpenDummy(options);
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

TEST(DummyDriver, LogitsDependOnTheSequenceAlone) {
  const auto decoder = Open();
  EXPECT_EQ(decoder->info().target, "dummy");
  EXPECT_EQ(decoder->info().modelled_clock_hz, 0);
  EXPECT_TRUE(decoder->info().modelled_step_cycles.empty());
  EXPECT_TRUE(decoder->info().modelled_step_joules.empty());
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 70; ++i) ids.push_back(i * 13 % 50);
  const std::vector<float> expected = After(*decoder, ids, 1, {0, 1, 2});
  EXPECT_EQ(After(*decoder, ids, 3, {7, 3, 5}), expected);
  EXPECT_EQ(After(*decoder, ids, 4, {2, 1, 0}), expected);
  ids[10] = 49;
  EXPECT_NE(After(*decoder, ids, 4, {2, 1, 0}), expected);
}

TEST(DummyDriver, SharingAStepChangesNothing) {
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

TEST(DummyDriver, ResetForgetsPages) {
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

TEST(DummyDriver, ASlowStepMissesItsDeadline) {
  const auto decoder = Open(20000);
  Step step;
  step.tokens = {{5, 0, 0, 0, true}};
  step.page_tables = {{3}};
  EXPECT_EQ(decoder->Run(step, absl::Milliseconds(1)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(decoder->Run(step, kTimeout).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(decoder->Reset().ok());
  EXPECT_TRUE(decoder->Run(step, kTimeout).ok());
}

TEST(DummyDriver, ChecksStepsAndOptions) {
  const auto decoder = Open();
  EXPECT_EQ(decoder->Run(Step(), kTimeout).status().code(), absl::StatusCode::kInvalidArgument);
  DecoderOptions options;
  options.card.dummy_step_us = -1;
  EXPECT_EQ(OpenDummy(options).status().message(), "step_us is -1, must not be negative");
}

// What becomes of each of `runs` runs, resetting the card as often as it takes after each failure.
std::string Outcomes(const DummyFaults& faults, int runs) {
  DecoderOptions options;
  options.card.dummy_faults = faults;
  options.open_card = false;
  auto decoder = OpenDummy(options);
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

// Replies and faults must stay what they are: tests and benchmarks above compare runs of different builds.
TEST(DummyDriver, RepliesStayBitEqual) {
  DecoderOptions options;
  options.card.dummy_faults.seed = 11;
  options.card.dummy_faults.every_runs = 5;
  options.card.dummy_faults.failed_opens = 2;
  options.open_card = false;
  options.kv_pages = 40;
  const auto decoder = OpenDummy(options);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  uint64_t digest = 0xcbf29ce484222325ull;
  const auto add = [&](uint32_t word) { digest = (digest ^ word) * 0x100000001b3ull; };
  std::mt19937 random(3);
  std::vector<int32_t> lengths(4);
  const auto reset = [&] {
    while (!(*decoder)->Reset().ok()) add(0xbad);
    lengths.assign(4, 0);
  };
  reset();
  for (int run = 0; run < 200; ++run) {
    Step step;
    for (int32_t slot = 0; slot < 4; ++slot) {
      std::vector<int32_t> table(8);
      for (int32_t i = 0; i < 8; ++i) table[static_cast<std::size_t>(i)] = 8 * slot + (i * 3 + slot) % 8;
      step.page_tables.push_back(table);
      int32_t& length = lengths[static_cast<std::size_t>(slot)];
      const auto free = 4 - static_cast<int32_t>(step.tokens.size());
      const int32_t tokens = std::min(static_cast<int32_t>(random() % 3), std::min(free, 250 - length));
      for (int32_t i = 0; i < tokens; ++i) {
        step.tokens.push_back({static_cast<int32_t>(random() % 50), slot, length + i, length,
                               random() % 2 == 0 || i + 1 == tokens});
      }
      length += tokens;
    }
    if (step.tokens.empty()) continue;
    const auto result = (*decoder)->Run(step, absl::Milliseconds(30));
    add(static_cast<uint32_t>(result.status().code()));
    if (!result.ok()) {
      reset();
      continue;
    }
    EXPECT_EQ(result->modelled_cycles, 0u);
    EXPECT_EQ(result->modelled_seconds, 0);
    EXPECT_EQ(result->joules, 0);
    EXPECT_GE(result->card_seconds, 0);
    for (const float logit : result->logits) {
      uint32_t bits;
      std::memcpy(&bits, &logit, sizeof bits);
      add(bits);
    }
  }
  EXPECT_EQ(digest, 0xb47f07f6ec759fadull) << std::hex << digest;
}

TEST(DummyDriver, FaultsFollowTheirSeed) {
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
