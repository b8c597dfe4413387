// SPDX-License-Identifier: Apache-2.0
// Bursts and single beats of AXI masters.
#pragma once

#include <vector>

#include "compiler/schedule/loop_schedule.h"

namespace streamtensor::schedule {

// By port and direction. Neighbouring accesses of an iteration are widened to a word of the bus.
std::vector<AxiAccess> AxiAccesses(const Region& region, const LoopGraph& graph,
                                   const ProcessContext& context);
Bound AxiBound(const std::vector<AxiAccess>& accesses);

}  // namespace streamtensor::schedule
