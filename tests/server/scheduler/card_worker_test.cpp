// SPDX-License-Identifier: Apache-2.0
// The card's thread, in real time but without asserting any.
#include "server/scheduler/card_worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "absl/time/clock.h"
#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

using testing::FakeDecoder;
using testing::FakeVocabulary;
using testing::RecordingSink;

// Happens once; standard parts alone, which every sanitizer knows.
class Event {
 public:
  void Notify() {
    std::lock_guard lock(mutex_);
    happened_ = true;
    changed_.notify_all();
  }
  bool HasBeenNotified() {
    std::lock_guard lock(mutex_);
    return happened_;
  }
  void WaitForNotification() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return happened_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool happened_ = false;
};

struct Waiter {
  Waiter() {
    sink->on_done = [this] { done.Notify(); };
  }
  std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
  Event done;
};

std::shared_ptr<Sequence> MakeSequence(Waiter& waiter, uint32_t max_tokens) {
  GenerationRequest request;
  request.prompt = {3, 4, 5};
  request.sampling.temperature = 0;
  request.stopping.max_tokens = max_tokens;
  request.stopping.ignore_eos = true;
  request.arrival = absl::Now();
  return std::make_shared<Sequence>(request, std::make_shared<FakeVocabulary>(32), waiter.sink);
}

CardWorkerOptions QuickResets() {
  CardWorkerOptions options;
  options.card = "fake:0";
  options.limits.recovery.first_reset_delay = absl::Milliseconds(1);
  options.limits.recovery.longest_reset_delay = absl::Milliseconds(4);
  options.sensor_period = absl::Milliseconds(20);
  return options;
}

// Waits for the card to be opened, as the model registry does before a model takes requests.
void WaitReady(const CardWorker& worker) {
  while (!worker.ready()) absl::SleepFor(absl::Milliseconds(1));
}

TEST(CardWorker, ServesSeveralThreads) {
  SystemClock clock;
  SchedulerObserver observer;
  CardWorker worker(std::make_unique<FakeDecoder>(32, 64, 4, 4, 64), QuickResets(), &clock, &observer);
  worker.Start();
  WaitReady(worker);
  std::vector<std::future<std::vector<uint32_t>>> replies;
  for (int i = 0; i < 8; ++i) {
    replies.push_back(std::async(std::launch::async, [&] {
      std::vector<uint32_t> tokens;
      for (int n = 0; n < 20; ++n) {
        Waiter waiter;
        EXPECT_TRUE(worker.Submit(MakeSequence(waiter, 20)).ok());
        waiter.done.WaitForNotification();
        EXPECT_TRUE(waiter.sink->status.ok()) << waiter.sink->status;
        tokens = waiter.sink->token_ids;
      }
      return tokens;
    }));
  }
  const std::vector<uint32_t> first = replies[0].get();
  EXPECT_EQ(first.size(), 20u);
  for (size_t i = 1; i < replies.size(); ++i) EXPECT_EQ(replies[i].get(), first);
}

TEST(CardWorker, ASequenceOutlivesItsCardsFailures) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 16, 4, 64);
  std::atomic<int> runs = 0;
  owned->on_run = [&](const runtime::Step&) {
    return ++runs % 5 == 0 ? absl::UnavailableError("pulled out") : absl::OkStatus();
  };
  Event lost;
  Event back;
  CardWorkerOptions options = QuickResets();
  options.on_state = [&](const CardSnapshot& snapshot) {
    if (snapshot.state == CardState::kLost) lost.Notify();
    if (snapshot.state == CardState::kReady && snapshot.resets > 0) back.Notify();
  };
  CardWorker worker(std::move(owned), options, &clock, &observer);
  worker.Start();
  WaitReady(worker);
  Waiter waiter;
  ASSERT_TRUE(worker.Submit(MakeSequence(waiter, 20)).ok());
  waiter.done.WaitForNotification();
  EXPECT_TRUE(waiter.sink->status.ok()) << waiter.sink->status;
  EXPECT_EQ(waiter.sink->token_ids.size(), 20u);
  lost.WaitForNotification();
  back.WaitForNotification();
  EXPECT_GE(worker.snapshot().resets, 4u);
}

TEST(CardWorker, ASequenceWithoutACardEndsAtTheLimit) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  FakeDecoder* decoder = owned.get();
  decoder->on_run = [decoder](const runtime::Step&) {
    decoder->reset_status = absl::UnavailableError("still gone");
    return absl::UnavailableError("pulled out");
  };
  CardWorkerOptions options = QuickResets();
  options.limits.recovery.lost_card_wait = absl::Milliseconds(50);
  CardWorker worker(std::move(owned), options, &clock, &observer);
  worker.Start();
  WaitReady(worker);
  Waiter waiter;
  ASSERT_TRUE(worker.Submit(MakeSequence(waiter, 20)).ok());
  waiter.done.WaitForNotification();
  EXPECT_EQ(waiter.sink->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(waiter.sink->status.message().find("no card came back within 50ms"), std::string::npos)
      << waiter.sink->status;
  Waiter late;
  EXPECT_EQ(worker.Submit(MakeSequence(late, 1)).code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(worker.snapshot().sensors_error, "") << "what a lost card's sensors said before is no reading";
}

TEST(CardWorker, AResetThatHangsHoldsUpNoDeadline) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  Event release;
  Event begun;
  owned->on_run = [](const runtime::Step&) { return absl::UnavailableError("pulled out"); };
  owned->on_reset = [&, opens = 0]() mutable {
    if (++opens == 1) return;
    begun.Notify();
    release.WaitForNotification();
  };
  CardWorker worker(std::move(owned), QuickResets(), &clock, &observer);
  worker.Start();
  WaitReady(worker);
  Waiter waiter;
  const std::shared_ptr<Sequence> sequence = MakeSequence(waiter, 20);
  ASSERT_TRUE(worker.Submit(sequence).ok());
  begun.WaitForNotification();
  sequence->Cancel();
  waiter.done.WaitForNotification();
  EXPECT_EQ(waiter.sink->status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(worker.Alive());
  release.Notify();
}

// A card that hangs is lost in time; a loop that does not come round even then is this program's fault, and
// the watchdog is to hear of it.
TEST(CardWorker, ALoopThatDoesNotComeRoundIsNotAlive) {
  class LateClock : public Clock {
   public:
    absl::Time Now() const override { return clock_.Now() + absl::Seconds(late_seconds.load()); }
    std::atomic<int> late_seconds = 0;

   private:
    SystemClock clock_;
  };
  LateClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  Event stuck;
  Event release;
  owned->on_run = [&](const runtime::Step&) {
    stuck.Notify();
    release.WaitForNotification();
    return absl::OkStatus();
  };
  CardWorkerOptions options = QuickResets();
  options.limits.scheduler.step_timeout = absl::Hours(1);
  CardWorker worker(std::move(owned), options, &clock, &observer);
  worker.Start();
  WaitReady(worker);
  Waiter waiter;
  ASSERT_TRUE(worker.Submit(MakeSequence(waiter, 1)).ok());
  stuck.WaitForNotification();
  clock.late_seconds = 1800;
  EXPECT_TRUE(worker.Alive()) << "the step may take so long";
  clock.late_seconds = 3600 + 60;
  EXPECT_FALSE(worker.Alive());
  release.Notify();
  waiter.done.WaitForNotification();
  while (!worker.Alive()) absl::SleepFor(absl::Milliseconds(1));
}

TEST(CardWorker, ASilentIdleCardIsLost) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  owned->sensors_gone = true;
  Event back;
  CardWorkerOptions options = QuickResets();
  options.on_state = [&](const CardSnapshot& snapshot) {
    if (snapshot.state == CardState::kReady && snapshot.resets > 0) back.Notify();
  };
  CardWorker worker(std::move(owned), options, &clock, &observer);
  worker.Start();
  back.WaitForNotification();
}

TEST(CardWorker, ACardThatIsFoundDeadIsResetAtOnce) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  owned->sensors_gone = true;
  Event back;
  CardWorkerOptions options = QuickResets();
  options.sensor_period = absl::Hours(1);  // nothing else wakes an idle card
  options.on_state = [&](const CardSnapshot& snapshot) {
    if (snapshot.state == CardState::kReady && snapshot.resets > 0) back.Notify();
  };
  CardWorker worker(std::move(owned), options, &clock, &observer);
  worker.Start();
  back.WaitForNotification();
}

TEST(CardWorker, ACardThatCanNotBeOpenedIsTriedAgain) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  FakeDecoder* decoder = owned.get();
  decoder->reset_status = absl::NotFoundError("no such card");
  decoder->on_reset = [decoder, opens = 0]() mutable {
    if (++opens == 5) decoder->reset_status = absl::OkStatus();
  };
  std::mutex mutex;
  std::vector<CardState> states;
  Event back;
  CardWorkerOptions options = QuickResets();
  options.on_state = [&](const CardSnapshot& snapshot) {
    std::lock_guard lock(mutex);
    states.push_back(snapshot.state);
    if (snapshot.state == CardState::kReady) back.Notify();
    EXPECT_EQ(snapshot.resets, 0u);
    EXPECT_EQ(snapshot.error, snapshot.state == CardState::kLost ? "no such card" : "");
  };
  CardWorker worker(std::move(owned), options, &clock, &observer);
  EXPECT_EQ(worker.snapshot().state, CardState::kOpening);
  worker.Start();
  back.WaitForNotification();  // ready() may say so a little earlier
  std::lock_guard lock(mutex);
  EXPECT_EQ(states, (std::vector<CardState>{CardState::kLost, CardState::kReady}));
}

TEST(CardWorker, TheQueueIsBounded) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  Event hold;
  Event held;
  owned->on_run = [&](const runtime::Step&) {
    if (!held.HasBeenNotified()) held.Notify();
    hold.WaitForNotification();
    return absl::OkStatus();
  };
  CardWorkerOptions options = QuickResets();
  options.limits.scheduler.max_queue = 2;
  options.limits.scheduler.max_running = 1;
  CardWorker worker(std::move(owned), options, &clock, &observer);
  worker.Start();
  WaitReady(worker);
  std::vector<std::unique_ptr<Waiter>> waiters;
  auto submit = [&] {
    waiters.push_back(std::make_unique<Waiter>());
    return worker.Submit(MakeSequence(*waiters.back(), 2));
  };
  ASSERT_TRUE(submit().ok());
  held.WaitForNotification();
  int accepted = 1;
  absl::Status status;
  while ((status = submit()).ok() && accepted < 10) ++accepted;
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("limits.max_queue is 2"), std::string::npos) << status;
  EXPECT_LE(accepted, 4) << "one running, one place that is not yet known to be taken, two queued";
  hold.Notify();
  waiters.pop_back();
  for (const auto& waiter : waiters) waiter->done.WaitForNotification();
}

TEST(CardWorker, StoppingEndsWhatIsLeft) {
  SystemClock clock;
  SchedulerObserver observer;
  Waiter waiter;
  Event begun;
  waiter.sink->on_delta = [&] {
    if (!begun.HasBeenNotified()) begun.Notify();
  };
  {
    auto owned = std::make_unique<FakeDecoder>(32, 1 << 20, 4, 4, 1 << 18);
    CardWorker worker(std::move(owned), QuickResets(), &clock, &observer);
    worker.Start();
    WaitReady(worker);
    ASSERT_TRUE(worker.Submit(MakeSequence(waiter, 1 << 19)).ok());
    begun.WaitForNotification();
    worker.Stop(absl::UnavailableError("the server is shutting down"));
    waiter.done.WaitForNotification();
    Waiter late;
    EXPECT_EQ(worker.Submit(MakeSequence(late, 1)).code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(waiter.sink->status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace streamtensor::server
