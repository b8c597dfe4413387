// SPDX-License-Identifier: Apache-2.0
// Which loops Vitis HLS pipelines and unrolls.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/passes.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {

// Chooses the loops that are pipelined where no pragma does, unrolls what stands inside of pipelined loops or
// has UNROLL, and cleans up so that forwarding stays within an iteration.
//  RESOURCE_EXHAUSTED  that would make more instructions than the estimator schedules
absl::Status UnrollAsVitis(llvm::Module& module, const std::vector<llvm::Function*>& processes,
                           bool unsafe_math, const DeviceCosts& costs, PassRunner& passes);

}  // namespace streamtensor::schedule
