// SPDX-License-Identifier: Apache-2.0
// dataflow.contract in linalg: the engine's integers, in the order of docs/architecture.md, section 2.
#pragma once

#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::compiler {

// The product [T x N] f32, written at the builder's point. The bits are those of the engine.
mlir::Value WriteIntegerProduct(dataflow::ContractOp op, mlir::OpBuilder& builder);

}  // namespace streamtensor::compiler
