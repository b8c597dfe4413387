// SPDX-License-Identifier: Apache-2.0
// The II below which a carried dependence can't be met.
#pragma once

#include <vector>

#include "compiler/schedule/loop_schedule.h"

namespace streamtensor::schedule {

// Additions in recurrences that take longer with their usual core than the region's pragma allows.
std::vector<bool> ShortCores(const Region& region, const LoopGraph& graph, const ProcessContext& context);

Bound RecurrenceBound(const Region& region, const LoopGraph& graph, const ProcessContext& context,
                      const std::vector<bool>& short_core);

}  // namespace streamtensor::schedule
