// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/float_writer.h"
#include "mlir/IR/Matchers.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

// x to a constant power, for the powers that are short sequences; null for others.
Value power(FloatWriter& w, Value x, double exponent) {
  if (exponent == 1.0) return x;
  if (exponent == 2.0) return w.multiply(x, x);
  if (exponent == 3.0) return w.multiply(w.multiply(x, x), x);
  if (exponent == 0.5) return w.squareRoot(x);
  if (exponent == -0.5) return w.divide(w.constant(1.0f), w.squareRoot(x));
  if (exponent == -1.0) return w.divide(w.constant(1.0f), x);
  return {};
}

class ExpandMathPass : public impl::ExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    SmallVector<Operation*> operations;
    getOperation()->walk([&](Operation* op) {
      if (isa_and_nonnull<math::MathDialect, arith::ArithDialect>(op->getDialect())) operations.push_back(op);
    });
    bool ok = true;
    for (Operation* op : operations) ok &= succeeded(visit(op));
    if (!ok) signalPassFailure();
  }

  LogicalResult visit(Operation* op) {
    if (auto flags = dyn_cast<arith::ArithFastMathInterface>(op))
      op->setAttr(flags.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(&getContext(), arith::FastMathFlags::none));
    // A kernel of form-sample-kernel calls the functions of math.h.
    if (op->getParentOfType<dataflow::KernelOp>()) return success();
    if (failed(checkTypes(op))) return failure();
    OpBuilder builder(op);
    FailureOr<Value> value = expand(op, builder);
    if (failed(value)) return failure();
    if (!*value) return success();
    op->getResult(0).replaceAllUsesWith(*value);
    op->erase();
    return success();
  }

  // Float arithmetic is float32 on scalars; float16 is a storage format.
  LogicalResult checkTypes(Operation* op) {
    if (isa<arith::ConstantOp>(op)) return success();
    bool is_math = isa<math::MathDialect>(op->getDialect());
    for (Type type : llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                              SmallVector<Type>(op->getResultTypes()))) {
      Type element = getElementTypeOrSelf(type);
      if (isa<ShapedType>(type) && (is_math || isa<FloatType>(element)))
        return op->emitOpError("on whole tensors: expected it inside a linalg operation");
      if (!isa<FloatType>(element) || element.isF32()) continue;
      if (element.isF16() && isa<arith::ExtFOp, arith::TruncFOp, arith::SelectOp, arith::BitcastOp>(op))
        continue;
      return op->emitOpError("computes in ")
             << element << ": only float32 arithmetic can be compiled, and conversions from and to float16";
    }
    return success();
  }

  // The value that replaces `op`; null to keep it.
  FailureOr<Value> expand(Operation* op, OpBuilder& builder) {
    FloatWriter w(builder, op->getLoc());
    auto in = [&](unsigned i) { return op->getOperand(i); };
    if (isa<math::SqrtOp>(op)) return Value();
    if (isa<math::ExpOp>(op)) return w.exponential(in(0));
    if (isa<math::RsqrtOp>(op)) return w.divide(w.constant(1.0f), w.squareRoot(in(0)));
    if (isa<math::TanhOp>(op)) return w.hyperbolicTangent(in(0));
    if (isa<math::AbsFOp>(op)) return w.absolute(in(0));
    if (isa<math::CopySignOp>(op)) return w.copySign(in(0), in(1));
    if (isa<math::RoundEvenOp>(op)) return w.roundHalfEven(in(0));
    if (isa<math::FloorOp>(op)) return w.floor(in(0));
    if (isa<math::CeilOp>(op)) return w.ceil(in(0));
    if (isa<math::TruncOp>(op))
      return w.select(w.less(in(0), w.constant(0.0f)), w.ceil(in(0)), w.floor(in(0)));
    if (isa<math::FmaOp>(op)) return w.add(w.multiply(in(0), in(1)), in(2));
    if (isa<math::PowFOp>(op)) {
      FloatAttr exponent;
      if (matchPattern(in(1), m_Constant(&exponent)))
        if (Value value = power(w, in(0), exponent.getValueAsDouble())) return value;
      return op->emitOpError(
          "with this exponent is not supported: it must be the constant 1, 2, 3, 0.5, -0.5 or -1");
    }
    if (isa<math::FPowIOp>(op)) {
      IntegerAttr exponent;
      if (matchPattern(in(1), m_Constant(&exponent)))
        if (Value value = power(w, in(0), static_cast<double>(exponent.getInt()))) return value;
      return op->emitOpError("with this exponent is not supported: it must be the constant 1, 2, 3 or -1");
    }
    if (isa<math::MathDialect>(op->getDialect()))
      return op->emitOpError(
          "has no sequence of + - * / sqrt: known are exp, rsqrt, sqrt, tanh, absf, copysign, roundeven, "
          "floor, "
          "ceil, trunc, fma, and powf and fpowi with a small constant exponent");
    if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op)) return w.maximum(in(0), in(1));
    if (isa<arith::MinimumFOp, arith::MinNumFOp>(op)) return w.minimum(in(0), in(1));
    if (isa<arith::RemFOp>(op)) return op->emitOpError("has no sequence of + - * / sqrt");
    return Value();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
