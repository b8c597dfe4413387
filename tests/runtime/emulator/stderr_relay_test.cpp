// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/stderr_relay.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace streamtensor::runtime::emulator {
namespace {

// The lines that come out when a process writes `text` and ends.
std::vector<std::string> Relayed(std::string_view text) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  std::string out;
  {
    StderrRelay relay(base::FileDescriptor(ends[0]), "card: ", [&](std::string_view line) { out += line; });
    base::FileDescriptor writer(ends[1]);
    while (!text.empty()) {
      const ssize_t written = write(writer.get(), text.data(), text.size());
      if (written <= 0) break;
      text.remove_prefix(static_cast<size_t>(written));
    }
  }
  return absl::StrSplit(out, '\n', absl::SkipEmpty());
}

TEST(StderrRelay, PrefixesAndEscapesEachLine) {
  EXPECT_EQ(Relayed("one\n\x1b[31m 2026-01-01 error\r\xff\nlast \"words\""),
            std::vector<std::string>(
                {"card: one", "card: \\x1b[31m 2026-01-01 error\\r\\xff", "card: last \"words\""}));
  EXPECT_TRUE(Relayed("").empty());
}

TEST(StderrRelay, ALongLineIsSeveral) {
  const std::vector<std::string> lines = Relayed(std::string(2 * StderrRelay::kMaxLineBytes + 1, 'x') + "\n");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2], "card: x");
}

TEST(StderrRelay, AFloodIsSuppressedAndCounted) {
  constexpr int kLines = 100'000;
  std::string text;
  for (int i = 0; i < kLines; ++i) text += "x\n";
  int passed = 0, suppressed = 0;
  for (const std::string& line : Relayed(text)) {
    int count = 0;
    if (std::sscanf(line.c_str(), "card: (%d lines suppressed)", &count) == 1) {
      suppressed += count;
    } else {
      EXPECT_EQ(line, "card: x");
      ++passed;
    }
  }
  EXPECT_GE(passed, StderrRelay::kBurstLines);
  EXPECT_GT(suppressed, 0);
  EXPECT_EQ(passed + suppressed, kLines);
}

// Run in a process of its own, whose stderr is a pipe that nobody reads.
TEST(WriteToStderr, NeverWaits) {
  const auto fill = [] {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0 || dup2(ends[1], STDERR_FILENO) < 0) _exit(1);
    const std::string line(100, 'x');
    for (int i = 0; i < 10'000; ++i) WriteToStderrWithoutWaiting(line);
    _exit(0);
  };
  EXPECT_EXIT(fill(), ::testing::ExitedWithCode(0), "");
}

// The same for a terminal whose output is stopped (Ctrl-S).
TEST(WriteToStderr, DoesNotWaitForAStoppedTerminal) {
  const auto fill = [] {
    alarm(20);
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) _exit(1);
    const int end = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (end < 0 || tcflow(end, TCOOFF) != 0 || dup2(end, STDERR_FILENO) < 0) _exit(1);
    const std::string line(100, 'x');
    for (int i = 0; i < 10'000; ++i) WriteToStderrWithoutWaiting(line);
    _exit(0);
  };
  EXPECT_EXIT(fill(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace streamtensor::runtime::emulator
