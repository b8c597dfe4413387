// SPDX-License-Identifier: Apache-2.0
// Replies that are read in time and others, in simulated time; how soon a reply is abandoned is not tested.
#include "server/generation/unread_replies.h"

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

struct CountedReply : UnreadReplies::Reply {
  void Abandon() override {
    if (++abandoned == 1) first.set_value();
  }
  std::atomic<int> abandoned = 0;
  std::promise<void> first;
};

TEST(UnreadReplies, WhatIsLeftUnreadIsAbandonedOnce) {
  SteppedClock clock;
  std::atomic<int64_t> limit_seconds = 60;
  UnreadReplies unread(&clock, [&] { return absl::Seconds(limit_seconds.load()); });
  CountedReply old;
  CountedReply read;
  CountedReply late;
  unread.Add(old);
  unread.Add(old);
  unread.Add(read);
  clock.seconds += 30;
  unread.Add(late);
  unread.Remove(read);
  unread.Remove(read);
  clock.seconds += 30;
  old.first.get_future().wait();
  EXPECT_EQ(late.abandoned, 0);
  limit_seconds = 30;  // changed while they wait
  late.first.get_future().wait();
  unread.Remove(old);
  unread.Remove(late);
  EXPECT_EQ(old.abandoned, 1);
  EXPECT_EQ(late.abandoned, 1);
  EXPECT_EQ(read.abandoned, 0);
}

TEST(UnreadReplies, ManyComeAndGoWhileOthersAreAbandoned) {
  const SystemClock clock;
  UnreadReplies unread(&clock, [] { return absl::ZeroDuration(); });
  std::vector<std::future<void>> threads;
  for (int i = 0; i < 4; ++i) {
    threads.push_back(std::async(std::launch::async, [&unread] {
      for (int turn = 0; turn < 20000; ++turn) {
        CountedReply reply;
        unread.Add(reply);
        unread.Remove(reply);
        EXPECT_LE(reply.abandoned, 1);
      }
    }));
  }
  for (auto& thread : threads) thread.get();
}

}  // namespace
}  // namespace streamtensor::server
