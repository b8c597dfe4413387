// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/layout.h"

#include <algorithm>

#include "kernels/contract/memory.h"

namespace streamtensor::artifact {

IssueLayout::IssueLayout(const IssueShape& shape, int64_t channels)
    : bits_(static_cast<int>(shape.format)),
      scale_groups_(shape.scale_groups),
      channels_(channels),
      cut_(contract::CutIssue(channels, bits_, shape.groups, shape.row_tiles, scale_groups_)) {}

uint64_t IssueLayout::channel_bytes() const {
  return contract::CutWords(bits_, scale_groups_, cut_) * contract::kWordBytes;
}

int64_t IssueLayout::Channel(int64_t row_tile, int64_t tile) const {
  return ((row_tile % round_row_tiles()) << cut_.split) + tile / part_tiles();
}

uint64_t IssueLayout::Offset(int64_t row_tile, int64_t tile) const {
  const int64_t before = row_tile / round_row_tiles() * part_tiles() + tile % part_tiles();
  return before * contract::TileWords(bits_, scale_groups_) * contract::kWordBytes;
}

WeightLayout LayOutSegments(std::span<const uint64_t> channel_bytes,
                            std::span<const uint64_t> constant_bytes) {
  WeightLayout layout;
  const auto append = [&](uint64_t bytes) {
    constexpr uint64_t kAlignment = contract::kBufferAlignmentBytes;
    const uint64_t padded = std::max(contract::CeilDiv(bytes, kAlignment) * kAlignment, kAlignment);
    const WeightSegment segment{layout.file_bytes, padded, bytes};
    layout.file_bytes += padded;
    return segment;
  };
  for (const uint64_t bytes : channel_bytes) layout.channels.push_back(append(bytes));
  for (const uint64_t bytes : constant_bytes) layout.constants.push_back(append(bytes));
  return layout;
}

}  // namespace streamtensor::artifact
