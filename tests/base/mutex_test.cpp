// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace streamtensor {
namespace {

TEST(Mutex, GuardsACounter) {
  Mutex mutex;
  int counter = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        MutexLock lock(mutex);
        ++counter;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 4000);
}

TEST(CondVar, HandsAValueBackAndForth) {
  Mutex mutex;
  CondVar changed;
  int turns = 0;
  auto play = [&](int parity) {
    MutexLock lock(mutex);
    for (int n = 0; n < 100; ++n) {
      while (turns % 2 != parity) changed.Wait(mutex);
      ++turns;
      changed.NotifyOne();
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
  EXPECT_EQ(turns, 200);
}

TEST(CondVar, AWaitEndsAtItsDeadline) {
  Mutex mutex;
  CondVar changed;
  MutexLock lock(mutex);
  const auto deadline = SteadyDeadline(absl::Milliseconds(5));
  while (changed.WaitUntil(mutex, deadline)) {
  }
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

TEST(CondVar, ADeadlineMayBeFarAway) {
  const auto now = std::chrono::steady_clock::now();
  EXPECT_GT(SteadyDeadline(absl::InfiniteDuration()), now + std::chrono::hours(24 * 365));
}

}  // namespace
}  // namespace streamtensor
