// SPDX-License-Identifier: Apache-2.0
// The layout of weights.bin (docs/architecture.md, section 4): the packed tiles of all issues, distributed
// over channels, then the tables of single processes. Each channel and each table is a segment of the file.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/contract/issue_cut.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::artifact {

using contract::TileFormat;

// The properties of an issue that determine its tiles.
struct IssueShape {
  TileFormat format = TileFormat::kU4;
  int64_t groups = 0;     // K / kGroupElements
  int64_t row_tiles = 0;  // of all its weights
  int scale_groups = 1;   // groups that share a scale, and so a tile
};

// Where the tiles of an issue lie: it takes equally many bytes of each channel.
class IssueLayout {
 public:
  // `channels`: at least 1.
  IssueLayout(const IssueShape& shape, int64_t channels);

  uint64_t channel_bytes() const;
  // `tile`: of the row tile, counted along K.
  int64_t Channel(int64_t row_tile, int64_t tile) const;
  // From the issue's first byte in that channel.
  uint64_t Offset(int64_t row_tile, int64_t tile) const;

 private:
  int64_t round_row_tiles() const { return channels_ >> cut_.split; }
  int64_t part_tiles() const { return cut_.part_groups / scale_groups_; }

  int bits_;
  int scale_groups_;
  int64_t channels_;
  contract::IssueCut cut_;
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
