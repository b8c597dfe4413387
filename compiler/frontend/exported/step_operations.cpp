// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/step_operations.h"

#include <optional>

#include "compiler/frontend/exported/exported_step.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/CastInterfaces.h"

namespace streamtensor::compiler {

using mlir::AffineExpr;
using mlir::Operation;
using mlir::linalg::LinalgOp;

bool IsReduction(Operation* op) {
  auto linalg = llvm::dyn_cast_if_present<LinalgOp>(op);
  return linalg && linalg.getNumReductionLoops() > 0;
}

bool IsElementwise(Operation* op) {
  auto linalg = llvm::dyn_cast_if_present<LinalgOp>(op);
  return linalg && linalg.getNumReductionLoops() == 0 && !llvm::isa<mlir::linalg::FillOp>(op) && !IsView(op);
}

bool IsCostly(Operation* op) {
  bool costly = false;
  op->walk([&](Operation* inner) {
    costly |= llvm::isa_and_present<mlir::math::MathDialect>(inner->getDialect()) ||
              llvm::isa<mlir::arith::DivFOp>(inner);
  });
  return costly;
}

bool OnlyConverts(Operation* op) {
  bool only = true;
  llvm::cast<LinalgOp>(op).getBlock()->walk([&](Operation* inner) {
    only &= llvm::isa<mlir::CastOpInterface>(inner) || inner->hasTrait<mlir::OpTrait::IsTerminator>() ||
            inner->hasTrait<mlir::OpTrait::ConstantLike>();
  });
  return only;
}

absl::StatusOr<std::vector<TensorIndex>> OperandIndex(LinalgOp op, mlir::OpOperand* operand,
                                                      llvm::ArrayRef<TensorIndex> loops) {
  std::vector<TensorIndex> index;
  for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults()) {
    std::optional<TensorIndex> at = IndexOf(expr, loops);
    if (!at) return CannotCompile(op, "reads an operand by an index that has no form");
    index.push_back(*at);
  }
  return index;
}

}  // namespace streamtensor::compiler
