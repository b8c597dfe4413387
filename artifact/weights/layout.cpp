// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/layout.h"

#include <algorithm>

#include "kernels/contract/memory.h"

namespace streamtensor::artifact {

IssueLayout::IssueLayout(const IssueShape& shape, int64_t channels)
    : bits_(static_cast<int>(shape.format)),
      channels_(channels),
      cut_(contract::CutIssue(channels, bits_, shape.groups, shape.row_tiles)) {}

uint64_t IssueLayout::channel_bytes() const { return contract::CutWords(bits_, cut_) * contract::kWordBytes; }

int64_t IssueLayout::Channel(int64_t row_tile, int64_t group) const {
  return ((row_tile % round_row_tiles()) << cut_.split) + group / cut_.part_groups;
}

uint64_t IssueLayout::Offset(int64_t row_tile, int64_t group) const {
  const int64_t tile = row_tile / round_row_tiles() * cut_.part_groups + group % cut_.part_groups;
  return tile * contract::TileWords(bits_) * contract::kWordBytes;
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
