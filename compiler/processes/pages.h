// SPDX-License-Identifier: Apache-2.0
// How processes that use KV pages are made from operations of the step function.
#pragma once

#include <utility>

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/targets/hls/process_writer.h"

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

// Attributes of processes that use pages; each fails with a diagnostic: of them all must be at least 1; a map
// must take one index to one; a window is 0 or a number of positions.
mlir::LogicalResult ExpectPositive(mlir::Operation* process,
                                   llvm::ArrayRef<std::pair<llvm::StringRef, uint64_t>> sizes);
mlir::LogicalResult ExpectIndexMap(mlir::Operation* process, llvm::StringRef name, mlir::AffineMap map);
mlir::LogicalResult ExpectWindows(mlir::Operation* process, llvm::ArrayRef<int64_t> windows);

// Text before and within the configuration of a process that visits the pages of a step. `windows`: of the
// layers, or empty.
void WriteWindows(hls::ProcessWriter& writer, llvm::ArrayRef<int64_t> windows);
void WritePageConstants(hls::ProcessWriter& writer, int64_t kv_heads, int64_t head_dim, int64_t mask_offset,
                        llvm::ArrayRef<int64_t> windows);

// A pool among a plan's memories, named like its role.
dataflow::ProcessPlan::Memory PlanPool(llvm::StringRef role, mlir::Value pool);

}  // namespace streamtensor::compiler::process
