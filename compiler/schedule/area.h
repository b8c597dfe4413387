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

// Operators, multiplexers and registers of a region; no memories.
Area RegionArea(const Region& region, const LoopGraph& graph, const RegionSchedule& schedule,
                const ProcessContext& context);
// The local arrays and the AXI adapters of a process.
Area StorageArea(const ProcessContext& context);

}  // namespace streamtensor::schedule
