// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/dequantization.h"

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

namespace streamtensor::compiler {
namespace {

using namespace mlir;

// The block argument of element type float16 that `value` widens, or null.
BlockArgument widened(Value value) {
  auto extend = value.getDefiningOp<arith::ExtFOp>();
  if (!extend || !extend.getType().isF32() || !extend.getIn().getType().isF16()) return {};
  return dyn_cast<BlockArgument>(extend.getIn());
}

// The block argument of element type i4 or i8 that `value` converts to float32 by the sign its width
// implies, or null.
BlockArgument converted(Value value) {
  if (!value.getType().isF32()) return {};
  bool is_signed = false;
  Value integer;
  if (auto op = value.getDefiningOp<arith::UIToFPOp>()) {
    integer = op.getIn();
  } else if (auto op = value.getDefiningOp<arith::SIToFPOp>()) {
    integer = op.getIn();
    is_signed = true;
  } else {
    return {};
  }
  // A widening before the conversion decides the sign.
  if (auto op = integer.getDefiningOp<arith::ExtUIOp>()) {
    integer = op.getIn();
    is_signed = false;
  } else if (auto op = integer.getDefiningOp<arith::ExtSIOp>()) {
    if (!is_signed) return {};
    integer = op.getIn();
  }
  Type type = integer.getType();
  if (!(type.isInteger(4) && !is_signed) && !(type.isInteger(8) && is_signed)) return {};
  return dyn_cast<BlockArgument>(integer);
}

}  // namespace

std::optional<Dequantization> matchDequantization(linalg::GenericOp op) {
  if (op.getNumLoops() != 3 || op.getNumParallelLoops() != 3 || op.getNumResults() != 1 ||
      !op.hasPureTensorSemantics())
    return std::nullopt;
  MLIRContext* context = op.getContext();
  AffineMap whole = AffineMap::getMultiDimIdentityMap(3, context);
  AffineMap groups =
      AffineMap::get(3, 0, {getAffineDimExpr(0, context), getAffineDimExpr(1, context)}, context);
  Block* body = op.getBody();
  if (op.getMatchingIndexingMap(op.getDpsInitOperand(0)) != whole ||
      body->getArgument(body->getNumArguments() - 1).getUses().begin() !=
          body->getArgument(body->getNumArguments() - 1).getUses().end())
    return std::nullopt;

  auto operand = [&](BlockArgument argument, AffineMap map) -> Value {
    if (!argument || argument.getOwner() != body || argument.getArgNumber() >= op.getNumDpsInputs())
      return {};
    OpOperand* input = op.getDpsInputOperand(argument.getArgNumber());
    return op.getMatchingIndexingMap(input) == map ? input->get() : Value();
  };
  Dequantization found;
  Value value = body->getTerminator()->getOperand(0);
  Value product = value;
  if (auto add = value.getDefiningOp<arith::AddFOp>()) {
    for (auto [left, right] :
         {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
      if (Value m = operand(widened(right), groups)) {
        found.m = m;
        product = left;
        break;
      }
    }
    if (!found.m) return std::nullopt;
  }
  auto multiply = product.getDefiningOp<arith::MulFOp>();
  if (!multiply) return std::nullopt;
  for (auto [left, right] :
       {std::pair(multiply.getLhs(), multiply.getRhs()), std::pair(multiply.getRhs(), multiply.getLhs())}) {
    Value d = operand(widened(left), groups);
    Value q = operand(converted(right), whole);
    if (!d || !q) continue;
    found.d = d;
    found.q = q;
    auto type = cast<RankedTensorType>(q.getType());
    if (type.isDynamicDim(2) || !dataflow::IsWeightGroup(type)) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

}  // namespace streamtensor::compiler
