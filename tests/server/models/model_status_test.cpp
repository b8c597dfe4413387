// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_status.h"

#include <gtest/gtest.h>

#include "tests/server/models/sample_model.h"

namespace streamtensor::server {
namespace {

CardEntry Card() { return testing::SampleConfig(1).cards[0]; }

CardSnapshot Snapshot(CardState state, bool was_ready = false, const std::string& error = "") {
  CardSnapshot snapshot;
  snapshot.state = state;
  snapshot.was_ready = was_ready;
  snapshot.error = error;
  return snapshot;
}

TEST(ModelState, OnlyWhatCanHappenFollows) {
  using enum ModelState;
  const std::vector<ModelState> all = {kCompiling, kLoading, kReady, kFailed};
  const std::vector<std::pair<ModelState, ModelState>> allowed = {{kCompiling, kLoading},
                                                                  {kCompiling, kFailed},
                                                                  {kLoading, kReady},
                                                                  {kLoading, kFailed},
                                                                  {kFailed, kReady}};
  for (const ModelState from : all) {
    for (const ModelState to : all) {
      EXPECT_EQ(CanFollow(from, to),
                std::find(allowed.begin(), allowed.end(), std::pair(from, to)) != allowed.end())
          << static_cast<int>(from) << " " << static_cast<int>(to);
    }
  }
}

TEST(ModelStatus, BeginsByWhatTheConfigurationSays) {
  Config config = testing::SampleConfig(1);
  testing::AddModel(config, "a", {0});
  ModelSpec spec = SpecsOf(config).at(0);
  EXPECT_EQ(InitialStatus(spec).state, ModelState::kLoading);
  EXPECT_EQ(InitialStatus(spec).target, "emulation");
  spec.entry.artifact.clear();
  spec.entry.source = "model.gguf";
  spec.cards[0].card.driver = "xrt";
  spec.cards[0].card.platform = "u280";
  const ModelStatus status = InitialStatus(spec);
  EXPECT_EQ(status.state, ModelState::kCompiling);
  EXPECT_EQ(status.name, "a");
  EXPECT_EQ(status.platform, "u280");
  EXPECT_EQ(status.target, "hw");
}

TEST(CardStatus, WithoutAModelItIsClosedOrFailed) {
  const CardStatus closed = DescribeCard(Card(), "a", "", {});
  EXPECT_EQ(closed.name, "dummy:0");
  EXPECT_EQ(closed.driver, "dummy");
  EXPECT_EQ(closed.model, "a");
  EXPECT_EQ(closed.state, "CLOSED");
  EXPECT_FALSE(closed.has_snapshot);
  const CardStatus failed = DescribeCard(Card(), "a", "too small", {});
  EXPECT_EQ(failed.state, "FAILED");
  EXPECT_EQ(failed.error, "too small");
}

TEST(CardStatus, TellsWhatItsThreadSaw) {
  auto describe = [](const CardSnapshot& snapshot) {
    const CardUse use{"a", snapshot};
    return DescribeCard(Card(), "a", "", std::span(&use, 1));
  };
  EXPECT_EQ(describe(Snapshot(CardState::kReady, true)).state, "READY");
  EXPECT_EQ(describe(Snapshot(CardState::kOpening)).state, "CLOSED");
  EXPECT_EQ(describe(Snapshot(CardState::kLost, false, "no such card")).state, "FAILED");
  const CardStatus lost = describe(Snapshot(CardState::kLost, true, "it died"));
  EXPECT_EQ(lost.state, "LOST");
  EXPECT_EQ(lost.error, "it died");
  EXPECT_TRUE(lost.has_snapshot);
}

TEST(CardStatus, OfTwoUsesTheOneThatWorksCounts) {
  const CardUse retired{"old", Snapshot(CardState::kReady, true)};
  const CardUse waiting{"new", Snapshot(CardState::kOpening)};
  const CardUse ready{"new", Snapshot(CardState::kReady, true)};
  EXPECT_EQ(DescribeCard(Card(), "new", "", std::vector{retired, waiting}).model, "old");
  EXPECT_EQ(DescribeCard(Card(), "new", "", std::vector{retired, ready}).model, "new");
}

TEST(CardReading, SpeaksTheLanguageOfTheMetrics) {
  EXPECT_EQ(ReadingOf(DescribeCard(Card(), "a", "", {})).state, "opening");
  EXPECT_EQ(ReadingOf(DescribeCard(Card(), "a", "too small", {})).state, "failed");
  const CardUse use{"a", Snapshot(CardState::kLost, true)};
  const CardReading lost = ReadingOf(DescribeCard(Card(), "a", "", std::span(&use, 1)));
  EXPECT_EQ(lost.state, "lost");
  EXPECT_EQ(lost.card, "dummy:0");
  EXPECT_EQ(lost.model, "a");
  EXPECT_TRUE(lost.snapshot.has_value());
}

}  // namespace
}  // namespace streamtensor::server
