// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/bank_allocator.h"

#include "kernels/contract/memory.h"

namespace streamtensor::runtime::emulator {

std::optional<uint64_t> BankAllocator::Allocate(uint64_t bytes) {
  constexpr uint64_t kAlignment = contract::kBufferAlignmentBytes;
  if (bytes > bytes_) return std::nullopt;
  const uint64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  uint64_t offset = 0;
  for (const auto& [taken, taken_bytes] : taken_) {
    if (taken - offset >= rounded) break;
    offset = taken + taken_bytes;
  }
  if (rounded > bytes_ - offset) return std::nullopt;
  taken_[offset] = rounded;
  return base_ + offset;
}

}  // namespace streamtensor::runtime::emulator
