// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_WIDENHALVES
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

bool IsHalf(Type type) { return type.isF16() || type.isBF16(); }

// Moves and conversions leave a value as it is.
bool Moves(Operation* op) {
  return isa<arith::ConstantOp, arith::ExtFOp, arith::TruncFOp, arith::BitcastOp, arith::SelectOp>(op);
}

class WidenHalvesPass : public impl::WidenHalvesBase<WidenHalvesPass> {
  void runOnOperation() override {
    SmallVector<Operation*> ops;
    getOperation()->walk([&](Operation* op) {
      if (!isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op->getDialect())) return;
      if (llvm::any_of(op->getOperandTypes(), IsHalf) || llvm::any_of(op->getResultTypes(), IsHalf))
        ops.push_back(op);
    });
    for (Operation* op : ops) {
      if (!Moves(op)) widen(op);
      if (auto trunc = dyn_cast<arith::TruncFOp>(op)) narrowOnce(trunc);
    }
  }

  static void widen(Operation* op) {
    OpBuilder b(op);
    Type f32 = b.getF32Type();
    for (OpOperand& operand : op->getOpOperands())
      if (IsHalf(operand.get().getType()))
        operand.set(b.create<arith::ExtFOp>(op->getLoc(), f32, operand.get()));
    b.setInsertionPointAfter(op);
    for (Value result : op->getResults()) {
      Type half = result.getType();
      if (!IsHalf(half)) continue;
      result.setType(f32);
      auto rounded = b.create<arith::TruncFOp>(op->getLoc(), half, result);
      result.replaceAllUsesExcept(rounded, rounded);
    }
  }

  // bf16 to f16 and back goes by float32, which holds both.
  static void narrowOnce(arith::TruncFOp op) {
    if (!IsHalf(op.getIn().getType())) return;
    OpBuilder b(op);
    op.getInMutable().assign(b.create<arith::ExtFOp>(op.getLoc(), b.getF32Type(), op.getIn()));
  }
};

}  // namespace
}  // namespace streamtensor::compiler
