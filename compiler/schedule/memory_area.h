// SPDX-License-Identifier: Apache-2.0
// DSP, LUT, FF and memories of what needs no schedule: memories, FIFOs and AXI adapters. Free of LLVM.
#pragma once

#include <cstdint>

#include "compiler/schedule/device_costs.h"

namespace streamtensor::schedule {

struct Area {
  int64_t dsp = 0;
  int64_t lut = 0;
  int64_t ff = 0;
  int64_t bram18 = 0;
  int64_t uram = 0;

  Area& operator+=(const Area& other);
};

// A memory of `words` elements.
Area MemoryArea(int64_t words, int64_t bits, bool uram, const StorageRules& storage);

// Where a FIFO keeps its elements. kAuto is what Vitis HLS decides without a pragma; it never takes UltraRAM.
enum class FifoStorage { kAuto, kRegisters, kShiftRegisters, kLutram, kBlockRam, kUltraRam };
inline constexpr const char* kFifoStorageNames[] = {"auto", "registers", "srl", "lutram", "bram", "uram"};

// A FIFO of `depth` elements: what it takes, not what reports print of deep ones (docs/estimator.md).
Area FifoArea(int64_t depth, int64_t bits, const DeviceCosts& costs,
              FifoStorage storage = FifoStorage::kAuto);

// The adapter of an AXI master.
Area AdapterArea(int64_t bits, const DeviceCosts& costs);

}  // namespace streamtensor::schedule
