// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/layout.h"

#include <algorithm>

#include "kernels/contract/memory.h"

namespace streamtensor::artifact {

uint64_t BlockCursor::Next(TileFormat format) {
  const uint64_t offset = offsets_[channel_];
  offsets_[channel_] += contract::BlockBytes(static_cast<int>(format));
  channel_ = (channel_ + 1) % offsets_.size();
  return offset;
}

void BlockCursor::Skip(const IssueShape& issue) {
  for (int64_t block = 0; block < issue.Blocks(); ++block) Next(issue.format);
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
