// SPDX-License-Identifier: Apache-2.0
// DSP, LUT, FF and memories of what is scheduled.
#pragma once

#include <cstdint>

#include "compiler/schedule/loop_schedule.h"

namespace streamtensor::schedule {

struct Area {
  int64_t dsp = 0;
  int64_t lut = 0;
  int64_t ff = 0;
  int64_t bram18 = 0;
  int64_t uram = 0;

  Area& operator+=(const Area& other);
};

// A region without its memories.
struct RegionArea {
  Area all;        // operators, multiplexers, logic and registers
  Area operators;  // the part of `all` that Vitis HLS may share with other regions
};

RegionArea RegionAreaOf(const Region& region, const LoopGraph& graph, const RegionSchedule& schedule,
                        const ProcessContext& context);
// The local arrays of a process.
Area StorageArea(const ProcessContext& context);
// A memory of `words` elements.
Area MemoryArea(int64_t words, int64_t bits, bool uram, const StorageRules& storage);
// A FIFO of `depth` elements: what it takes, not what reports print of deep ones (docs/estimator.md).
Area FifoArea(int64_t depth, int64_t bits, const DeviceCosts& costs);
// The adapter of an AXI master.
Area AdapterArea(int64_t bits, const DeviceCosts& costs);

}  // namespace streamtensor::schedule
