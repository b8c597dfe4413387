// SPDX-License-Identifier: Apache-2.0
#include "runtime/card/second_thread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace streamtensor::runtime::card {
namespace {

struct Job {
  std::vector<int> calls;  // by part
};

void Count(void* job, uint32_t index) { ++static_cast<Job*>(job)->calls[index]; }

TEST(SecondThread, EachPartOfEachJobIsCalledOnce) {
  SecondThread thread;
  std::mt19937 random(1);
  for (int launch = 0; launch < 50; ++launch) {
    thread.WakeUp();
    for (int k = 0; k < 200; ++k) {
      Job job;
      job.calls.resize(std::uniform_int_distribution<size_t>(1, 40)(random));
      thread.Share(&Count, &job, static_cast<uint32_t>(job.calls.size()));
      ASSERT_TRUE(std::all_of(job.calls.begin(), job.calls.end(), [](int calls) { return calls == 1; }));
    }
    thread.Sleep();
  }
}

TEST(SecondThread, EndsAwakeAndAtRest) {
  SecondThread resting;
  SecondThread awake;
  awake.WakeUp();
  Job job{std::vector<int>(SecondThread::kMaxParts)};
  awake.Share(&Count, &job, SecondThread::kMaxParts);
  EXPECT_EQ(*std::min_element(job.calls.begin(), job.calls.end()), 1);
  EXPECT_EQ(*std::max_element(job.calls.begin(), job.calls.end()), 1);
}

}  // namespace
}  // namespace streamtensor::runtime::card
