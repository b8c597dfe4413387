// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/layout.h"

#include <gtest/gtest.h>

#include <numeric>

namespace streamtensor::artifact {
namespace {

constexpr uint64_t kU4BlockBytes = 30 * 64, kI8BlockBytes = 27 * 64;

TEST(IssueShape, CountsBlocks) {
  EXPECT_EQ((IssueShape{TileFormat::kU4, 18, 60}.Blocks()), 180);
  EXPECT_EQ((IssueShape{TileFormat::kU4, 1, 7}.Blocks()), 2);  // six tiles and one
  EXPECT_EQ((IssueShape{TileFormat::kI8, 1, 7}.Blocks()), 3);
  EXPECT_EQ((IssueShape{TileFormat::kI8, 1, 3}.Blocks()), 1);
}

TEST(BlockCursor, GoesRoundChannels) {
  BlockCursor cursor({0, 10000, 20000});
  EXPECT_EQ(cursor.Next(TileFormat::kU4), 0u);
  EXPECT_EQ(cursor.Next(TileFormat::kI8), 10000u);
  EXPECT_EQ(cursor.Next(TileFormat::kU4), 20000u);
  EXPECT_EQ(cursor.Next(TileFormat::kU4), kU4BlockBytes);
  EXPECT_EQ(cursor.Next(TileFormat::kU4), 10000 + kI8BlockBytes);
}

// An issue begins where the one before ended, in whichever channel.
TEST(BlockCursor, SkipsAsManyAsNextWouldGive) {
  for (const IssueShape& shape : {IssueShape{TileFormat::kU4, 5, 5}, IssueShape{TileFormat::kI8, 2, 8}}) {
    BlockCursor skipped({0, 0, 0, 0}), walked({0, 0, 0, 0});
    skipped.Skip(shape);
    for (int64_t block = 0; block < shape.Blocks(); ++block) walked.Next(shape.format);
    EXPECT_EQ(skipped.offsets(), walked.offsets());
    EXPECT_EQ(skipped.Next(TileFormat::kU4), walked.Next(TileFormat::kU4));
    const uint64_t bytes = std::accumulate(skipped.offsets().begin(), skipped.offsets().end(), uint64_t{0});
    EXPECT_EQ(bytes, shape.Blocks() * (shape.format == TileFormat::kU4 ? kU4BlockBytes : kI8BlockBytes) +
                         kU4BlockBytes);
  }
}

TEST(LayOutSegments, AlignsAndNeverLeavesASegmentEmpty) {
  const uint64_t channels[] = {4096, 1}, constants[] = {0, 5000};
  const WeightLayout layout = LayOutSegments(channels, constants);
  ASSERT_EQ(layout.channels.size(), 2u);
  ASSERT_EQ(layout.constants.size(), 2u);
  EXPECT_EQ(layout.channels[0].file_offset, 0u);
  EXPECT_EQ(layout.channels[0].bytes, 4096u);
  EXPECT_EQ(layout.channels[1].file_offset, 4096u);
  EXPECT_EQ(layout.channels[1].bytes, 4096u);
  EXPECT_EQ(layout.channels[1].used_bytes, 1u);
  EXPECT_EQ(layout.constants[0].file_offset, 8192u);
  EXPECT_EQ(layout.constants[0].bytes, 4096u);
  EXPECT_EQ(layout.constants[1].bytes, 8192u);
  EXPECT_EQ(layout.file_bytes, 20480u);
}

}  // namespace
}  // namespace streamtensor::artifact
