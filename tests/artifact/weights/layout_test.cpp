// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/layout.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace streamtensor::artifact {
namespace {

constexpr uint64_t kU4TileBytes = 5 * 64, kI8TileBytes = 9 * 64, kWideTileBytes = 17 * 64;

// Each tile has a place of its own, and places leave a gap only where row tiles or groups end.
TEST(IssueLayout, GivesEachTileAPlace) {
  for (const int64_t channels : {1, 2, 3, 4, 8, 24, 32}) {
    for (const IssueShape& shape :
         {IssueShape{TileFormat::kU4, 18, 60}, IssueShape{TileFormat::kU4, 5, 7},
          IssueShape{TileFormat::kI8, 1, 3}, IssueShape{TileFormat::kI8, 48, 36},
          IssueShape{TileFormat::kU4, 48, 36, 4}, IssueShape{TileFormat::kU4, 4, 5, 4},
          IssueShape{TileFormat::kU4, 18, 60, 2}}) {
      const uint64_t tile = shape.format == TileFormat::kI8 ? kI8TileBytes
                            : shape.scale_groups == 4       ? kWideTileBytes
                            : shape.scale_groups == 2       ? kI8TileBytes
                                                            : kU4TileBytes;
      const IssueLayout layout(shape, channels);
      std::set<std::pair<int64_t, uint64_t>> places;
      for (int64_t row_tile = 0; row_tile < shape.row_tiles; ++row_tile) {
        for (int64_t along = 0; along < shape.groups / shape.scale_groups; ++along) {
          const int64_t channel = layout.Channel(row_tile, along);
          const uint64_t offset = layout.Offset(row_tile, along);
          EXPECT_TRUE(channel >= 0 && channel < channels);
          EXPECT_EQ(offset % tile, 0u);
          EXPECT_LE(offset + tile, layout.channel_bytes());
          EXPECT_TRUE(places.emplace(channel, offset).second) << "row tile " << row_tile << ", " << along;
        }
      }
    }
  }
}

TEST(IssueLayout, PlacesRoundsOfAPartAChannel) {
  // 36 row tiles of 48 groups on 24 channels: in halves three rounds, each with twelve row tiles.
  const IssueLayout halves({TileFormat::kU4, 48, 36}, 24);
  EXPECT_EQ(halves.channel_bytes(), 3 * 24 * kU4TileBytes);
  EXPECT_EQ(halves.Channel(0, 0), 0);
  EXPECT_EQ(halves.Channel(0, 24), 1);
  EXPECT_EQ(halves.Channel(11, 47), 23);
  EXPECT_EQ(halves.Offset(11, 47), 23 * kU4TileBytes);
  EXPECT_EQ(halves.Channel(12, 0), 0);
  EXPECT_EQ(halves.Offset(12, 1), 25 * kU4TileBytes);
  // The same with a scale for 128 weights: twelve tiles of a row tile, six in each half.
  const IssueLayout wide({TileFormat::kU4, 48, 36, 4}, 24);
  EXPECT_EQ(wide.channel_bytes(), 3 * 6 * kWideTileBytes);
  EXPECT_EQ(wide.Channel(0, 6), 1);
  EXPECT_EQ(wide.Channel(11, 11), 23);
  EXPECT_EQ(wide.Offset(12, 1), 7 * kWideTileBytes);
  // Whole row tiles need no parts: one round for each four.
  const IssueLayout whole({TileFormat::kI8, 18, 60}, 4);
  EXPECT_EQ(whole.channel_bytes(), 15 * 18 * kI8TileBytes);
  EXPECT_EQ(whole.Channel(5, 17), 1);
  EXPECT_EQ(whole.Offset(5, 17), 35 * kI8TileBytes);
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
