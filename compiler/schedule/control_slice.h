// SPDX-License-Identifier: Apache-2.0
// The control code of a scheduled process.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "compiler/schedule/control_code.h"
#include "compiler/schedule/loop_graph.h"
#include "llvm/Analysis/PostDominators.h"

namespace streamtensor::schedule {

struct ScheduledRegion {
  Region region;
  const llvm::Loop* loop = nullptr;  // of straight code: the loop that it stands in, null for the function
  LoopGraph graph;
  RegionSchedule schedule;
  Area area;
};

// `regions` are all of the process'. `pushed_values`: by parameter, whether the values that are pushed to it
// are to be computed.
//  UNIMPLEMENTED  an access whose FIFO can't be told
absl::StatusOr<ProcessCode> ControlCodeOf(const ProcessContext& context,
                                          const std::vector<ScheduledRegion>& regions,
                                          const std::vector<bool>& pushed_values);

}  // namespace streamtensor::schedule
