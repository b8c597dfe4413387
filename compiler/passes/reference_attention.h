// SPDX-License-Identifier: Apache-2.0
// paged_attention in scf and arith, part of pass `decompose`.
#pragma once

#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::compiler {

// The physical page (i32) of `position` (index) in the sequence of `slot` (i32). A column beyond the page
// table is taken for its last one: IR of a mutated model must not read outside it.
mlir::Value pageOf(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value page_table,
                   mlir::AffineMap page_map, mlir::Value slot, mlir::Value position);

// The attention of every token and query head, one after another: [T x Hq x D] f32.
mlir::Value decomposePagedAttention(dataflow::PagedAttentionOp op, mlir::OpBuilder& builder);

}  // namespace streamtensor::compiler
