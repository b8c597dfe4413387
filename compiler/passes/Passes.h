// SPDX-License-Identifier: Apache-2.0
// The passes of streamtensorc and the pipelines made of them.
#pragma once

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/tiles.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace streamtensor::compiler {

#define GEN_PASS_DECL
#include "compiler/passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/passes/Passes.h.inc"

// imported -> ordered: keep-layers, fuse-elementwise, quantize, expand-math, order-sums, with clean-up
// between.
void buildNumericsPipeline(mlir::OpPassManager& pm);

// ordered -> sized: the functions become one dataflow.design. `channels`: channels that weights are dealt
// over.
void buildDataflowPipeline(mlir::OpPassManager& pm, int64_t channels = 4);

}  // namespace streamtensor::compiler
