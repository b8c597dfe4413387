// SPDX-License-Identifier: Apache-2.0
// How processes that use KV pages are made from operations of the step function.
#pragma once

#include "compiler/dialects/dataflow/ProcessInterface.h"

namespace streamtensor::compiler::process {

// Fails with a diagnostic when `value` is not the descriptor's field `expected`.
mlir::LogicalResult ExpectField(mlir::Operation* source, mlir::Value value, llvm::StringRef expected);

// Checks that `source` stands in a layer and takes its page table, slots, positions and layer as the
// templates do, and sets the plan's width of the page table. Fails with a diagnostic.
mlir::LogicalResult PlanPages(mlir::Operation* source, mlir::Value page_table, mlir::Value slot,
                              mlir::Value position, mlir::Value layer, dataflow::ProcessPlan& plan);

// Fails with a diagnostic when the design of `process` has no page table, or a memory of the process is not a
// pool of pages with `kv_heads` KV heads of `head_dim` elements.
mlir::LogicalResult ExpectPools(mlir::Operation* process, const dataflow::ProcessEnds& ends, int64_t kv_heads,
                                int64_t head_dim);

// Adds a pool to the plan's memories, named like its role.
void PlanPool(llvm::StringRef role, mlir::Value pool, dataflow::ProcessPlan& plan);

}  // namespace streamtensor::compiler::process
