// SPDX-License-Identifier: Apache-2.0
#include "server/models/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/base/scratch_folder.h"

namespace streamtensor::server {
namespace {

using testing::ScratchFolder;

class ChildProcessTest : public ::testing::Test {
 protected:
  absl::Status Run(const std::string& script, ChildOptions options = {}) {
    options.arguments = {"/bin/sh", "-c", script};
    lines_.clear();
    return RunChild(options, [this](std::string_view line) { lines_.emplace_back(line); }, stop_);
  }

  std::vector<std::string> lines_;
  std::atomic<bool> stop_ = false;
};

TEST_F(ChildProcessTest, HearsLinesAndCode) {
  EXPECT_TRUE(Run("echo one; printf 'two\\nthree'").ok());
  EXPECT_EQ(lines_, (std::vector<std::string>{"one", "two", "three"}));
  const absl::Status status = Run("echo why >&2; exit 3");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("ended with code 3: why"), std::string::npos) << status;
  EXPECT_NE(Run("kill -9 $$").message().find("signal 9"), std::string::npos);
}

TEST_F(ChildProcessTest, AProgramThatIsNotThere) {
  const absl::Status status = RunChild({{"/nowhere/program"}}, [](std::string_view) {}, stop_);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("/nowhere/program: No such file"), std::string::npos) << status;
}

TEST_F(ChildProcessTest, StopsWithWhatItStarted) {
  ScratchFolder folder;
  const std::string mark = folder.path() + "/pid";
  std::thread stopper([&] {
    while (testing::ReadText(mark).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop_ = true;
  });
  EXPECT_EQ(Run("sleep 1000 & echo $! > " + mark + "; wait").code(), absl::StatusCode::kCancelled);
  stopper.join();
  const int grandchild = std::atoi(testing::ReadText(mark).c_str());
  ASSERT_GT(grandchild, 0);
  // Killed with the group; init may take a moment to collect it.
  for (int i = 0; i < 200 && kill(grandchild, 0) == 0; ++i) {
    const std::string stat = testing::ReadText("/proc/" + std::to_string(grandchild) + "/stat");
    if (stat.find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_NE(kill(grandchild, 0), 0);
}

TEST_F(ChildProcessTest, TimeRunsOut) {
  ChildOptions options;
  options.max_seconds = 1;
  EXPECT_EQ(Run("sleep 1000", options).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Run("exec >&- 2>&-; sleep 1000", options).code(), absl::StatusCode::kDeadlineExceeded)
      << "although it says nothing any more";
}

TEST_F(ChildProcessTest, MemoryRunsOut) {
  ChildOptions options;
  options.max_memory_bytes = 64 << 20;
  EXPECT_FALSE(Run("x=a; while :; do x=$x$x; done", options).ok());
}

TEST_F(ChildProcessTest, AFileGrowsTooLarge) {
  ScratchFolder folder;
  ChildOptions options;
  options.max_memory_bytes = 64 << 20;
  const std::string write = "exec truncate -s 67108864 " + folder.path();
  EXPECT_TRUE(Run(write + "/first", options).ok()) << "as large as it may be";
  options.max_memory_bytes -= 1;
  const absl::Status status = Run(write + "/second", options);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "/bin/sh wrote a file of more than 67108863 bytes");
}

TEST_F(ChildProcessTest, ProcessorTimeRunsOut) {
  ChildOptions options;
  options.max_processor_seconds = 1;
  const absl::Status status = Run("while :; do :; done", options);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "/bin/sh used more than 1 seconds of processor time");
  // Who hears of the first limit and goes on meets the second.
  EXPECT_NE(Run("trap '' XCPU; while :; do :; done", options).message().find("signal 9"), std::string::npos);
}

TEST_F(ChildProcessTest, SeesNothingOfTheParent) {
  setenv("SECRET_TOKEN", "x", 1);
  EXPECT_TRUE(Run("echo ${SECRET_TOKEN-none}; ls /proc/self/fd | wc -l; cat; ulimit -c").ok());
  ASSERT_EQ(lines_.size(), 3u);
  EXPECT_EQ(lines_[0], "none");
  EXPECT_LE(std::atoi(lines_[1].c_str()), 4) << "stdin, stdout, stderr and the folder itself";
  EXPECT_EQ(lines_[2], "0");
}

TEST_F(ChildProcessTest, MuchOutputOnBothPipes) {
  EXPECT_TRUE(Run("i=0; while [ $i -lt 20000 ]; do echo line $i; echo noise $i >&2; i=$((i+1)); done").ok());
  EXPECT_EQ(lines_.size(), 20000u);
  EXPECT_EQ(lines_.back(), "line 19999");
}

}  // namespace
}  // namespace streamtensor::server
