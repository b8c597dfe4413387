// SPDX-License-Identifier: Apache-2.0
// The states of a card. What they do to sequences is in random_schedule_test.cpp.
#include "server/scheduler/card_loop.h"

#include <gtest/gtest.h>

#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

using testing::FakeDecoder;
using testing::SimulatedClock;

class Host : public CardHost {
 public:
  void BeginReset() override { ++resets_begun; }
  bool TransferSequence(const std::shared_ptr<Sequence>&, int32_t) override { return false; }
  void OnState() override { states.push_back(loop->state()); }

  CardLoop* loop = nullptr;
  int resets_begun = 0;
  std::vector<CardState> states;
};

class CardLoopTest : public ::testing::Test {
 protected:
  CardLoopTest() { host_.loop = &loop_; }

  SimulatedClock clock_;
  SchedulerObserver observer_;
  Host host_;
  FakeDecoder decoder_{32, 64, 4, 4, 64};
  CardLoop loop_{"fake:0", &decoder_, &clock_, SchedulerLimits(), RecoveryLimits(), &observer_, &host_};
};

TEST(CardState, OnlyWhatCanHappenFollows) {
  using enum CardState;
  for (const CardState from : {kOpening, kReady, kLost}) {
    EXPECT_EQ(CanFollow(from, kReady), from != kReady);
    EXPECT_EQ(CanFollow(from, kLost), from != kLost);
    EXPECT_FALSE(CanFollow(from, kOpening));
  }
}

TEST_F(CardLoopTest, ACardIsOpenedByAResetAndComesBackByAnother) {
  loop_.Advance();
  EXPECT_EQ(host_.resets_begun, 1);
  loop_.Advance();
  EXPECT_EQ(host_.resets_begun, 1) << "one at a time";
  loop_.OnReset(absl::OkStatus());
  loop_.OnCardLost(absl::UnavailableError("silent"));
  EXPECT_EQ(loop_.error(), "silent");
  loop_.Advance();
  EXPECT_EQ(host_.resets_begun, 2);
  EXPECT_EQ(loop_.resets(), 1u);
  loop_.OnReset(absl::OkStatus());
  EXPECT_EQ(loop_.error(), "");
  using enum CardState;
  EXPECT_EQ(host_.states, (std::vector<CardState>{kReady, kLost, kReady}));
}

TEST_F(CardLoopTest, ResetsThatFailComeLessAndLessOften) {
  std::vector<absl::Duration> delays;
  absl::Time last = clock_.now;
  for (int i = 0; i < 12; ++i) {
    CardLoop::Progress progress = loop_.Advance();
    while (host_.resets_begun == i) {
      clock_.now = progress.next;
      progress = loop_.Advance();
    }
    delays.push_back(clock_.now - last);
    last = clock_.now;
    loop_.OnReset(absl::NotFoundError("no such card"));
  }
  EXPECT_EQ(delays[0], absl::ZeroDuration());
  EXPECT_EQ(delays[1], absl::ZeroDuration());
  EXPECT_EQ(delays[2], absl::Milliseconds(500));
  EXPECT_EQ(delays[3], absl::Seconds(1));
  EXPECT_EQ(delays.back(), absl::Seconds(30));
  EXPECT_EQ(host_.states, std::vector<CardState>{CardState::kLost}) << "told once";
}

using CardLoopDeathTest = CardLoopTest;

TEST_F(CardLoopDeathTest, StatesThatCanNotFollowAbort) {
  EXPECT_DEATH(loop_.OnReset(absl::OkStatus()), "check failed: resetting_");
  loop_.Advance();
  loop_.OnReset(absl::NotFoundError("no such card"));
  EXPECT_DEATH(loop_.OnCardLost(absl::UnavailableError("silent")), "card fake:0: state 2 after 2");
}

}  // namespace
}  // namespace streamtensor::server
