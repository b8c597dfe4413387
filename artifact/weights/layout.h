// SPDX-License-Identifier: Apache-2.0
// The layout of weights.bin (docs/architecture.md, section 4): the packed blocks of all issues, distributed
// over channels, then the tables of single processes. Each channel and each table is a segment of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "kernels/contract/tiles.h"

namespace streamtensor::artifact {

using contract::TileFormat;

// The properties of an issue that determine its blocks.
struct IssueShape {
  TileFormat format = TileFormat::kU4;
  int64_t groups = 0;     // K / kGroupElements
  int64_t row_tiles = 0;  // of all its weights

  int64_t Blocks() const { return contract::IssueBlocks(static_cast<int>(format), groups, row_tiles); }
};

// Locates the blocks: block b lies in channel b mod C, and a channel's blocks are contiguous.
class BlockCursor {
 public:
  BlockCursor() = default;
  // `offsets`: where each channel's first block begins, in bytes; at least one channel.
  explicit BlockCursor(std::vector<uint64_t> offsets) : offsets_(std::move(offsets)) {}

  // The byte offset of the next block; advances to the block after it.
  uint64_t Next(TileFormat format);
  // Skips the blocks of an issue.
  void Skip(const IssueShape& issue);

  // The byte after each channel's last block.
  const std::vector<uint64_t>& offsets() const { return offsets_; }

 private:
  std::vector<uint64_t> offsets_;
  std::size_t channel_ = 0;  // of the next block
};

// A range of weights.bin; offset and size are multiples of kBufferAlignmentBytes, with at least one.
struct WeightSegment {
  uint64_t file_offset = 0;
  uint64_t bytes = 0;
  uint64_t used_bytes = 0;  // that the card reads
};

struct WeightLayout {
  std::vector<WeightSegment> channels;
  std::vector<WeightSegment> constants;
  uint64_t file_bytes = 0;
};

// Consecutive segments for parts of the given sizes, channels first.
WeightLayout LayOutSegments(std::span<const uint64_t> channel_bytes,
                            std::span<const uint64_t> constant_bytes);

}  // namespace streamtensor::artifact
