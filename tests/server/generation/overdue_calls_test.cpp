// SPDX-License-Identifier: Apache-2.0
// Calls whose clients act in time and others, in simulated time; how soon a call is ended is not tested.
#include "server/generation/overdue_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <vector>

namespace streamtensor::server {
namespace {

class SteppedClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(seconds); }
  std::atomic<int64_t> seconds = 1000;
};

struct CountedCall {
  OverdueCalls::Entry entry{[this](OverdueCalls::End) {
    if (++ended == 1) first.set_value();
  }};
  std::atomic<int> ended = 0;
  std::promise<void> first;
};

TEST(OverdueCalls, WhatWaitsTooLongIsEndedOnce) {
  SteppedClock clock;
  std::atomic<int64_t> limit_seconds = 60;
  OverdueCalls calls("test", &clock, [&] { return absl::Seconds(limit_seconds.load()); });
  CountedCall old;
  CountedCall quick;
  CountedCall late;
  calls.Add(old.entry);
  calls.Add(old.entry);
  calls.Add(quick.entry);
  clock.seconds += 30;
  calls.Add(late.entry);
  EXPECT_TRUE(calls.Remove(quick.entry));
  EXPECT_FALSE(calls.Remove(quick.entry));
  clock.seconds += 30;
  old.first.get_future().wait();
  EXPECT_EQ(late.ended, 0);
  limit_seconds = 30;  // changed while they wait
  late.first.get_future().wait();
  EXPECT_FALSE(calls.Remove(old.entry));
  EXPECT_FALSE(calls.Remove(late.entry));
  EXPECT_EQ(old.ended, 1);
  EXPECT_EQ(late.ended, 1);
  EXPECT_EQ(quick.ended, 0);
}

TEST(OverdueCalls, ManyComeAndGoWhileOthersAreEnded) {
  const SystemClock clock;
  OverdueCalls calls("test", &clock, [] { return absl::ZeroDuration(); });
  std::vector<std::future<void>> threads;
  for (int i = 0; i < 4; ++i) {
    threads.push_back(std::async(std::launch::async, [&calls] {
      for (int turn = 0; turn < 20000; ++turn) {
        CountedCall call;
        calls.Add(call.entry);
        const bool is_waiting = calls.Remove(call.entry);
        EXPECT_EQ(call.ended, is_waiting ? 0 : 1);
      }
    }));
  }
  for (auto& thread : threads) thread.get();
}

}  // namespace
}  // namespace streamtensor::server
