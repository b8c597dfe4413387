// SPDX-License-Identifier: Apache-2.0
#include "runtime/card/design_launcher.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/host/aligned_array.h"
#include "rules_design.h"

namespace streamtensor::runtime::card {
namespace {

struct Buffers {
  explicit Buffers(uint32_t count = 64) : in(64 * 16), out(64 * 16), counts(2) {
    for (uint32_t i = 0; i < in.size(); ++i) in[i] = i * 2654435761u;
    counts[0] = count;
  }
  LaunchReport Launch(st_launch_function function, const LaunchOptions& options = {}) {
    const auto launcher = DesignLauncher::FromFunction(function);
    return Launch(*launcher, options);
  }
  LaunchReport Launch(DesignLauncher& launcher, const LaunchOptions& options = {}) {
    void* const args[] = {in.data(), out.data(), counts.data()};
    return launcher.Launch(args, options);
  }
  bool Copied() const { return std::memcmp(in.data(), out.data(), 64 * 64) == 0; }

  st::host::AlignedArray<uint32_t> in, out, counts;
};

TEST(DesignLauncher, CopiesThroughAFifo) {
  Buffers buffers(64);
  const LaunchReport report = buffers.Launch(launch_copy);
  EXPECT_EQ(report.code, LaunchCode::kCompleted) << report.message;
  EXPECT_EQ(report.message, "");
  EXPECT_TRUE(buffers.Copied());
}

TEST(DesignLauncher, ADesignBuiltForALaterHostRefusesAndSaysSo) {
  st_host_api earlier = {};  // no function to call
  earlier.version = ST_HOST_API_VERSION - 1;
  EXPECT_EQ(launch_copy(&earlier, nullptr), ST_LAUNCH_NEEDS_LATER_HOST);

  Buffers buffers;
  const LaunchReport report =
      buffers.Launch([](const st_host_api*, void* const*) -> int32_t { return ST_LAUNCH_NEEDS_LATER_HOST; });
  EXPECT_EQ(report.code, LaunchCode::kInvalid);
  EXPECT_NE(report.message.find("compile the model again"), std::string::npos) << report.message;
}

TEST(DesignLauncher, LaunchesAgainAndAgain) {
  const auto launcher = DesignLauncher::FromFunction(launch_copy);
  for (uint32_t count = 0; count < 200; ++count) {
    Buffers buffers(count);
    EXPECT_EQ(buffers.Launch(*launcher).code, LaunchCode::kCompleted);
    if (count >= 64) {
      EXPECT_EQ(buffers.out[0], buffers.in[0]);
    }
  }
}

TEST(DesignLauncher, HandsOnBlocks) {
  Buffers buffers(64);
  const LaunchReport report = buffers.Launch(launch_block_copy);
  EXPECT_EQ(report.code, LaunchCode::kCompleted) << report.message;
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(buffers.out[i * 16], buffers.in[(i % 2 * 32 + i % 32) * 16]);
  }
}

TEST(DesignLauncher, SameResultInAnyOrder) {
  const auto launcher = DesignLauncher::FromFunction(launch_numbered);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Buffers buffers(64);
    LaunchOptions options;
    options.order_seed = &seed;
    ASSERT_EQ(buffers.Launch(*launcher, options).code, LaunchCode::kCompleted);
    ASSERT_TRUE(buffers.Copied()) << "order seed " << seed;
  }
}

TEST(DesignLauncher, NumbersProcessesOfOneFunction) {
  Buffers buffers;
  const LaunchReport report = buffers.Launch(launch_numbered);
  ASSERT_EQ(report.processes.size(), 5u);
  EXPECT_EQ(report.processes[0].name, "send");
  EXPECT_EQ(report.processes[1].name, "pass#0");
  EXPECT_EQ(report.processes[3].name, "pass#2");
}

TEST(DesignLauncher, WordsLeftInAFifoAreAnError) {
  Buffers buffers;
  const LaunchReport report = buffers.Launch(launch_left_over);
  EXPECT_EQ(report.code, LaunchCode::kInvalid);
  EXPECT_EQ(report.message, "FIFO 'words' still holds 1 element(s) after all processes have ended");
}

TEST(DesignLauncher, ThirdEndIsAnError) {
  Buffers buffers;
  const LaunchReport report = buffers.Launch(launch_three_ends);
  EXPECT_EQ(report.code, LaunchCode::kInvalid);
  EXPECT_EQ(report.message, "FIFO 'words' has a third end in process 'receive_less'");
}

TEST(DesignLauncher, NamesAWriterThatHasEnded) {
  Buffers buffers;
  const LaunchReport report = buffers.Launch(launch_ended_writer);
  EXPECT_EQ(report.code, LaunchCode::kDeadlock);
  EXPECT_EQ(report.message,
            "deadlock: receive_more -> waits for empty FIFO 'words' (depth 2) -> send, which has ended");
  EXPECT_TRUE(report.cycle.empty());
}

TEST(DesignLauncher, NamesAFifoThatNobodyReads) {
  Buffers buffers;
  const LaunchReport report = buffers.Launch(launch_no_reader);
  EXPECT_EQ(report.code, LaunchCode::kDeadlock);
  EXPECT_EQ(report.message,
            "deadlock: send -> waits for full FIFO 'channel 0: send' (depth 2) -> whose other end no process "
            "holds");
}

TEST(DesignLauncher, NamesAProcessThatWaitsForItself) {
  Buffers buffers;
  const LaunchReport report = buffers.Launch(launch_self_loop);
  EXPECT_EQ(report.code, LaunchCode::kDeadlock);
  EXPECT_EQ(report.message.substr(0, 61), "deadlock: echo -> waits for empty FIFO 'loop' (depth 2) -> wh");
}

TEST(DesignLauncher, CancelFromAnotherThread) {
  const auto launcher = DesignLauncher::FromFunction(launch_endless);
  Buffers buffers;
  std::atomic<bool> done{false};
  std::thread canceller([&] {
    while (!done.load()) {
      launcher->Cancel();
      std::this_thread::yield();
    }
  });
  const LaunchReport report = buffers.Launch(*launcher);
  done.store(true);
  canceller.join();
  EXPECT_EQ(report.code, LaunchCode::kCancelled);
  EXPECT_EQ(report.message, "the launch was cancelled");
}

TEST(DesignLauncher, CancelBeforeALaunchDoesNothing) {
  const auto launcher = DesignLauncher::FromFunction(launch_copy);
  launcher->Cancel();
  Buffers buffers;
  EXPECT_EQ(buffers.Launch(*launcher).code, LaunchCode::kCompleted);
}

TEST(DesignLauncher, FlushesDenormalsAndRestoresTheMode) {
  const unsigned before = _mm_getcsr();
  Buffers buffers;
  buffers.in[0] = 1;           // the least denormal
  buffers.in[2] = 0x3f800000;  // one
  buffers.in[1] = 0x00800000;  // the least normal; half of it is denormal
  EXPECT_EQ(buffers.Launch(launch_denormal).code, LaunchCode::kCompleted);
  EXPECT_EQ(buffers.out[0], 0u);
  EXPECT_EQ(buffers.out[1], 0u);
  EXPECT_EQ(_mm_getcsr() & 0x8040u, before & 0x8040u);
}

TEST(DesignLauncher, ForeignCodeIsAnError) {
  Buffers buffers;
  const LaunchReport report = buffers.Launch(launch_wrong_code);
  EXPECT_EQ(report.code, LaunchCode::kInvalid);
  EXPECT_EQ(report.message, "the design's st_launch returned 77, not its run's code 0");
}

TEST(DesignLauncher, StackHoldsLargeLocals) {
  Buffers buffers;
  EXPECT_EQ(buffers.Launch(launch_deep_stack).code, LaunchCode::kCompleted);
}

}  // namespace
}  // namespace streamtensor::runtime::card
