// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/base/scratch_folder.h"

namespace streamtensor::testing {

// Process `pid`, which was killed but is no child of this one: init may take a moment to collect it.
inline void ExpectEnds(int pid) {
  ASSERT_GT(pid, 0);
  for (int i = 0; i < 2000 && kill(pid, 0) == 0; ++i) {
    if (ReadText("/proc/" + std::to_string(pid) + "/stat").find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace streamtensor::testing
