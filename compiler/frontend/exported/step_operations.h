// SPDX-License-Identifier: Apache-2.0
// What kinds of operations an exported step is made of.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/exported/tensor_index.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace streamtensor::compiler {

bool IsReduction(mlir::Operation* op);
// Computes, and one element from one element of each operand.
bool IsElementwise(mlir::Operation* op);
// Of an elementwise operation: worth computing once for a row rather than for each of its elements.
bool IsCostly(mlir::Operation* op);
// Of an elementwise operation: only converts, and is worth repeating wherever it is read.
bool OnlyConverts(mlir::Operation* op);

// Where the operation reads an operand, one index a dimension.
//  UNIMPLEMENTED  by an index that has no form
absl::StatusOr<std::vector<TensorIndex>> OperandIndex(mlir::linalg::LinalgOp op, mlir::OpOperand* operand,
                                                      llvm::ArrayRef<TensorIndex> loops);

}  // namespace streamtensor::compiler
