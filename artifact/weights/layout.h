// SPDX-License-Identifier: Apache-2.0
// How weights.bin is laid out (docs/architecture.md, section 4): the packed blocks of all issues, distributed
// over channels, then the tables that single processes read. Each channel and each table is a segment of the
// file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "kernels/contract/tiles.h"

namespace streamtensor::artifact {

using contract::TileFormat;

// What of an issue its blocks depend on.
struct IssueShape {
  TileFormat format = TileFormat::kU4;
  int64_t groups = 0;     // K / kGroupElements
  int64_t row_tiles = 0;  // of all its weights

  int64_t Blocks() const { return contract::IssueBlocks(static_cast<int>(format), groups, row_tiles); }
};

// Where the blocks of the one sequence lie: block b in channel b mod C, the blocks of a channel without gaps.
class BlockCursor {
 public:
  BlockCursor() = default;
  // `offsets`: the byte where each channel's first block lies; one channel at least.
  explicit BlockCursor(std::vector<uint64_t> offsets) : offsets_(std::move(offsets)) {}

  // The byte where the next block lies; goes on to the block after it.
  uint64_t Next(TileFormat format);
  // Goes on past the blocks of an issue.
  void Skip(const IssueShape& issue);

  // The byte after each channel's last block.
  const std::vector<uint64_t>& offsets() const { return offsets_; }

 private:
  std::vector<uint64_t> offsets_;
  std::size_t channel_ = 0;  // of the next block
};

// A range of weights.bin; offset and size are multiples of kBufferAlignmentBytes, the size at least that.
struct WeightSegment {
  uint64_t file_offset = 0;
  uint64_t bytes = 0;
  uint64_t used_bytes = 0;  // what the card reads of it
};

struct WeightLayout {
  std::vector<WeightSegment> channels;
  std::vector<WeightSegment> constants;
  uint64_t file_bytes = 0;
};

// Segments one after another, channels first, for parts of so many bytes.
WeightLayout LayOutSegments(std::span<const uint64_t> channel_bytes,
                            std::span<const uint64_t> constant_bytes);

}  // namespace streamtensor::artifact
