// SPDX-License-Identifier: Apache-2.0
// The card's thread, in real time but without asserting any.
#include "server/scheduler/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

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

EngineOptions QuickResets() {
  EngineOptions options;
  options.card = "fake:0";
  options.first_reset_delay = absl::Milliseconds(1);
  options.longest_reset_delay = absl::Milliseconds(4);
  return options;
}

TEST(Engine, ServesSeveralThreads) {
  SystemClock clock;
  SchedulerObserver observer;
  Engine engine(std::make_unique<FakeDecoder>(32, 64, 4, 4, 64), QuickResets(), &clock, &observer,
                [](const auto&) {});
  std::vector<std::future<std::vector<uint32_t>>> replies;
  for (int i = 0; i < 8; ++i) {
    replies.push_back(std::async(std::launch::async, [&] {
      std::vector<uint32_t> tokens;
      for (int n = 0; n < 20; ++n) {
        Waiter waiter;
        EXPECT_TRUE(engine.Submit(MakeSequence(waiter, 20)).ok());
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

TEST(Engine, BringsALostCardBack) {
  SystemClock clock;
  SchedulerObserver observer;
  auto owned = std::make_unique<FakeDecoder>(32, 64, 4, 4, 64);
  FakeDecoder* decoder = owned.get();
  std::atomic<int> failures = 1;
  decoder->on_run = [&](const runtime::Step&) {
    return failures.fetch_sub(1) > 0 ? absl::UnavailableError("pulled out") : absl::OkStatus();
  };
  Event lost;
  Event ready;
  Engine engine(std::move(owned), QuickResets(), &clock, &observer, [&](const EngineSnapshot& snapshot) {
    (snapshot.state == CardState::kLost ? lost : ready).Notify();
  });
  Waiter waiter;
  ASSERT_TRUE(engine.Submit(MakeSequence(waiter, 20)).ok());
  waiter.done.WaitForNotification();
  EXPECT_EQ(waiter.sink->status.code(), absl::StatusCode::kUnavailable);
  lost.WaitForNotification();
  ready.WaitForNotification();
  Waiter again;
  ASSERT_TRUE(engine.Submit(MakeSequence(again, 20)).ok());
  again.done.WaitForNotification();
  EXPECT_TRUE(again.sink->status.ok()) << again.sink->status;
  EXPECT_GE(engine.snapshot().resets, 1u);
}

TEST(Engine, TheQueueIsBounded) {
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
  EngineOptions options = QuickResets();
  options.limits.max_queue = 2;
  options.limits.max_running = 1;
  Engine engine(std::move(owned), options, &clock, &observer, [](const auto&) {});
  std::vector<std::unique_ptr<Waiter>> waiters;
  auto submit = [&] {
    waiters.push_back(std::make_unique<Waiter>());
    return engine.Submit(MakeSequence(*waiters.back(), 2));
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

TEST(Engine, StoppingEndsWhatIsLeft) {
  SystemClock clock;
  SchedulerObserver observer;
  Waiter waiter;
  Event begun;
  waiter.sink->on_delta = [&] {
    if (!begun.HasBeenNotified()) begun.Notify();
  };
  {
    auto owned = std::make_unique<FakeDecoder>(32, 1 << 20, 4, 4, 1 << 18);
    Engine engine(std::move(owned), QuickResets(), &clock, &observer, [](const auto&) {});
    ASSERT_TRUE(engine.Submit(MakeSequence(waiter, 1 << 19)).ok());
    begun.WaitForNotification();
    engine.Stop(absl::UnavailableError("the server is shutting down"));
    waiter.done.WaitForNotification();
    Waiter late;
    EXPECT_EQ(engine.Submit(MakeSequence(late, 1)).code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(waiter.sink->status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace streamtensor::server
