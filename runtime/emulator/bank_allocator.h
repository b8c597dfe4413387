// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace streamtensor::runtime::emulator {

// Addresses of one memory bank: first fit, in pages of 4 KiB as XRT gives them out.
class BankAllocator {
 public:
  BankAllocator(uint64_t base, uint64_t bytes) : base_(base), bytes_(bytes) {}

  // Nullopt: no room. `bytes` > 0.
  std::optional<uint64_t> Allocate(uint64_t bytes);
  void Free(uint64_t address) { taken_.erase(address - base_); }

  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t base_;
  uint64_t bytes_;
  std::map<uint64_t, uint64_t> taken_;  // offset -> bytes
};

}  // namespace streamtensor::runtime::emulator
