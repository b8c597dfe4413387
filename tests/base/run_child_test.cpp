// SPDX-License-Identifier: Apache-2.0
#include "base/run_child.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/base/ended_process.h"
#include "tests/base/scratch_folder.h"

namespace streamtensor::base {
namespace {

using testing::ScratchFolder;

class RunChildTest : public ::testing::Test {
 protected:
  RunChildTest() {
    options_.own_group = true;
    run_.stop = &stop_;
    run_.on_line = [this](std::string_view line) { lines_.emplace_back(line); };
  }

  absl::Status Run(const std::string& script) {
    options_.arguments = {"/bin/sh", "-c", script};
    lines_.clear();
    return RunChild(options_, run_);
  }

  std::vector<std::string> lines_;
  std::atomic<bool> stop_ = false;
  ChildOptions options_;
  ChildRun run_;
};

TEST_F(RunChildTest, HearsLinesAndCode) {
  EXPECT_TRUE(Run("echo one; printf 'two\\nthree'").ok());
  EXPECT_EQ(lines_, (std::vector<std::string>{"one", "two", "three"}));
  const absl::Status status = Run("echo why >&2; exit 3");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("ended with code 3: why"), std::string::npos) << status;
  EXPECT_NE(Run("kill -9 $$").message().find("was killed by signal 9"), std::string::npos);
}

TEST_F(RunChildTest, AProgramThatIsNotThere) {
  options_.arguments = {"/nowhere/program"};
  const absl::Status status = RunChild(options_, run_);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("/nowhere/program: No such file"), std::string::npos) << status;
}

TEST_F(RunChildTest, StopsWithWhatItStarted) {
  ScratchFolder folder;
  const std::string mark = folder.path() + "/pid";
  std::thread stopper([&] {
    while (testing::ReadText(mark).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop_ = true;
  });
  EXPECT_EQ(Run("sleep 1000 & echo $! > " + mark + "; wait").code(), absl::StatusCode::kCancelled);
  stopper.join();
  testing::ExpectEnds(std::atoi(testing::ReadText(mark).c_str()));
}

TEST_F(RunChildTest, TimeRunsOut) {
  run_.max_time = absl::Seconds(1);
  EXPECT_EQ(Run("sleep 1000").code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Run("exec >&- 2>&-; sleep 1000").code(), absl::StatusCode::kDeadlineExceeded)
      << "although it says nothing any more";
}

TEST_F(RunChildTest, MemoryRunsOut) {
  options_.limits.memory_bytes = 64 << 20;
  EXPECT_FALSE(Run("x=a; while :; do x=$x$x; done").ok());
}

TEST_F(RunChildTest, AFileGrowsTooLarge) {
  ScratchFolder folder;
  options_.limits.memory_bytes = 64 << 20;
  const std::string write = "exec truncate -s 67108864 " + folder.path();
  EXPECT_TRUE(Run(write + "/first").ok()) << "as large as it may be";
  options_.limits.memory_bytes -= 1;
  const absl::Status status = Run(write + "/second");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "/bin/sh wrote a file of more than 67108863 bytes");
}

TEST_F(RunChildTest, ProcessorTimeRunsOut) {
  options_.limits.processor_seconds = 1;
  const absl::Status status = Run("while :; do :; done");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "/bin/sh used more than 1 seconds of processor time");
  // Who hears of the first limit and goes on meets the second.
  EXPECT_NE(Run("trap '' XCPU; while :; do :; done").message().find("signal 9"), std::string::npos);
}

TEST_F(RunChildTest, MuchOutputOnBothPipes) {
  EXPECT_TRUE(Run("i=0; while [ $i -lt 20000 ]; do echo line $i; echo noise $i >&2; i=$((i+1)); done").ok());
  EXPECT_EQ(lines_.size(), 20000u);
  EXPECT_EQ(lines_.back(), "line 19999");
}

TEST_F(RunChildTest, AnEndlessLineIsCut) {
  EXPECT_TRUE(Run("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end").ok());
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0].size(), 64u << 10);
  EXPECT_EQ(lines_[1], "end");
}

}  // namespace
}  // namespace streamtensor::base
