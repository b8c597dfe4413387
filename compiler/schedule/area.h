// SPDX-License-Identifier: Apache-2.0
// DSP, LUT and FF of what is scheduled, and the memories of a process.
#pragma once

#include "compiler/schedule/loop_schedule.h"
#include "compiler/schedule/memory_area.h"

namespace streamtensor::schedule {

// A region without its memories.
struct RegionArea {
  Area all;        // operators, multiplexers, logic and registers
  Area operators;  // the part of `all` that Vitis HLS may share with other regions
};

RegionArea RegionAreaOf(const Region& region, const LoopGraph& graph, const RegionSchedule& schedule,
                        const ProcessContext& context);
// The local arrays of a process.
Area StorageArea(const ProcessContext& context);

}  // namespace streamtensor::schedule
