// SPDX-License-Identifier: Apache-2.0
// What a design wants to find in weights.bin.
#pragma once

#include <vector>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/targets/weights/packing_plan.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::hls {

struct PackingRequest {
  PackingPlan plan;
  // The memories (by argument index) that the plan's channels and constants are, in the plan's order.
  std::vector<int64_t> channel_arguments;
  std::vector<int64_t> constant_arguments;
};

// What the processes ask for, and the memories of constants. Fails with a diagnostic.
mlir::FailureOr<PackingRequest> RequestPacking(dataflow::DesignOp design);

}  // namespace streamtensor::compiler::hls
