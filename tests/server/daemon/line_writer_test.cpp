// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace streamtensor::server {
namespace {

constexpr char kGap[] = "dropped ";

class LineWriterTest : public ::testing::Test {
 protected:
  LineWriterTest() {
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_ = ends[0];
    write_ = ends[1];
  }
  // The write end stays open: the thread of a writer that was given up may still have it.
  ~LineWriterTest() override { close(read_); }

  std::unique_ptr<LineWriter> Make(size_t max_bytes,
                                   absl::Duration max_flush_time = absl::InfiniteDuration()) {
    return std::make_unique<LineWriter>(LineWriter::Options{
        write_, max_bytes, max_flush_time, [](uint64_t lines) { return absl::StrCat(kGap, lines, "\n"); }});
  }

  // Reads until a line that begins with `last` was read.
  std::vector<std::string> ReadUntil(std::string_view last) {
    while (true) {
      std::vector<std::string> lines = absl::StrSplit(text_, '\n', absl::SkipEmpty());
      const bool is_whole = !text_.empty() && text_.back() == '\n';
      if (is_whole && absl::StartsWith(lines.back(), absl::string_view(last.data(), last.size())))
        return lines;
      char buffer[65536];
      const ssize_t got = read(read_, buffer, sizeof(buffer));
      if (got <= 0) return lines;
      text_.append(buffer, static_cast<size_t>(got));
    }
  }

  int read_ = -1, write_ = -1;
  std::string text_;
};

TEST_F(LineWriterTest, WritesLinesInOrder) {
  auto writer = Make(1 << 20);
  for (int i = 0; i < 100; ++i) writer->Write(absl::StrCat(i, "\n"));
  const std::vector<std::string> lines = ReadUntil("99");
  ASSERT_EQ(lines.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(lines[static_cast<size_t>(i)], absl::StrCat(i));
  EXPECT_EQ(writer->dropped(), 0u);
}

TEST_F(LineWriterTest, NeverWaitsForAReaderAndTellsTheGap) {
  constexpr size_t kLines = 100'000;
  const std::string filler(90, 'x');
  auto writer = Make(1 << 16);
  for (size_t i = 0; i < kLines; ++i) writer->Write(absl::StrCat(i, " ", filler, "\n"));
  EXPECT_GT(writer->dropped(), 0u);
  std::vector<std::string> lines = ReadUntil(kGap);
  uint64_t dropped = 0;
  ASSERT_TRUE(absl::SimpleAtoi(lines.back().substr(sizeof(kGap) - 1), &dropped));
  EXPECT_EQ(dropped, writer->dropped());
  EXPECT_EQ(lines.size() - 1 + dropped, kLines);
  for (size_t i = 0; i + 1 < lines.size(); ++i) ASSERT_EQ(lines[i], absl::StrCat(i, " ", filler));
  writer->Write("next\n");
  EXPECT_EQ(ReadUntil("next").size(), lines.size() + 1) << "whole lines, and the gap is told once";
}

TEST_F(LineWriterTest, ALineLongerThanTheBoundIsWritten) {
  auto writer = Make(10);
  const std::string line(1000, 'x');
  writer->Write(line + "\n");
  EXPECT_EQ(ReadUntil("x"), std::vector<std::string>({line}));
}

TEST_F(LineWriterTest, EndsAfterItsLinesAreWritten) {
  Make(1 << 20)->Write("last\n");
  close(write_);
  EXPECT_EQ(ReadUntil("nothing"), std::vector<std::string>({"last"}));
}

TEST_F(LineWriterTest, EndsWithoutAReader) {
  auto writer = Make(1 << 20, absl::Milliseconds(10));
  for (int i = 0; i < 10'000; ++i) writer->Write(std::string(100, 'x') + "\n");
  writer.reset();
}

TEST_F(LineWriterTest, CountsLinesThatTheDescriptorRefuses) {
  close(read_);
  auto writer = Make(1 << 20);
  writer->Write("a\n");
  while (writer->dropped() < 1) usleep(1000);
  writer->Write("b\n");
  while (writer->dropped() < 2) usleep(1000);
}

}  // namespace
}  // namespace streamtensor::server
