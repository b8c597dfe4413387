// SPDX-License-Identifier: Apache-2.0
// Torch-MLIR's scan, sort and scatter as linalg: loops without branches, whose order is the operation's.
#include "compiler/dialects/tm_tensor/TmTensorDialect.h"
#include "compiler/passes/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_LOWERTMTENSOR
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using utils::IteratorType;

RankedTensorType TensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

// The region's value for these arguments.
Value Inline(OpBuilder& b, Region& region, ValueRange arguments) {
  IRMapping mapping;
  mapping.map(region.front().getArguments(), arguments);
  for (Operation& op : region.front().without_terminator()) b.clone(op, mapping);
  return mapping.lookupOrDefault(region.front().getTerminator()->getOperand(0));
}

Value Empty(OpBuilder& b, Location loc, RankedTensorType shape, Type element, Value sizes) {
  return b.create<tensor::EmptyOp>(loc, tensor::getMixedSizes(b, loc, sizes), element);
}

// The map of `rank` loops without one of them.
AffineMap Without(OpBuilder& b, int64_t rank, int64_t dimension) {
  return b.getMultiDimIdentityMap(rank).dropResult(static_cast<unsigned>(dimension));
}

void Lower(tm_tensor::ScanOp op) {
  OpBuilder b(op);
  const Location loc = op.getLoc();
  const int64_t rank = TensorOf(op.getInputs()[0]).getRank(), dimension = op.getDimension();
  const AffineMap all = b.getMultiDimIdentityMap(rank);
  SmallVector<IteratorType> iterators(rank, IteratorType::parallel);
  iterators[dimension] = IteratorType::reduction;
  auto scan = b.create<linalg::GenericOp>(
      loc, op.getResultTypes(), op.getInputs(), op.getOutputs(),
      ArrayRef<AffineMap>{all, all, Without(b, rank, dimension)}, iterators,
      [&](OpBuilder& nested, Location at, ValueRange x) {
        // x: the element, the running value, what is accumulated. The first element of an inclusive scan is
        // itself.
        Value next = Inline(nested, op.getRegion(), {x[2], x[0]});
        if (op.getInclusive()) {
          Value index = nested.create<linalg::IndexOp>(at, dimension);
          Value zero = nested.create<arith::ConstantIndexOp>(at, 0);
          Value first = nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::eq, index, zero);
          next = nested.create<arith::SelectOp>(at, first, x[0], next);
        }
        nested.create<linalg::YieldOp>(at, ValueRange{op.getInclusive() ? next : x[2], next});
      });
  op->replaceAllUsesWith(scan);
  op->erase();
}

void Lower(tm_tensor::SortOp op) {
  OpBuilder b(op);
  const Location loc = op.getLoc();
  const RankedTensorType shape = TensorOf(op.getOutputs()[0]);
  const int64_t rank = shape.getRank(), dimension = op.getDimension();
  // Loop `rank` walks the elements that an element is compared with, or the places.
  const AffineMap element =
      AffineMap::get(rank + 1, 0, b.getMultiDimIdentityMap(rank).getResults(), b.getContext());
  SmallVector<AffineExpr> others(element.getResults());
  others[dimension] = b.getAffineDimExpr(static_cast<unsigned>(rank));
  const AffineMap other = AffineMap::get(rank + 1, 0, others, b.getContext());
  SmallVector<IteratorType> iterators(rank + 1, IteratorType::parallel);
  iterators[rank] = IteratorType::reduction;

  const Type i32 = b.getI32Type();
  Value zero = b.create<arith::ConstantIntOp>(loc, 0, 32);
  Value places =
      b.create<linalg::FillOp>(loc, zero, Empty(b, loc, shape, i32, op.getOutputs()[0])).getResult(0);
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (Value output : op.getOutputs()) {
    operands.append(2, output);
    maps.append({element, other});
  }
  maps.push_back(element);
  places = b.create<linalg::GenericOp>(loc, places.getType(), operands, places, maps, iterators,
                                       [&](OpBuilder& nested, Location at, ValueRange x) {
                                         // For each tensor the element and the other one.
                                         SmallVector<Value> element_first(x.drop_back()), other_first;
                                         for (size_t i = 0; i + 1 < x.size(); i += 2)
                                           other_first.append({x[i + 1], x[i]});
                                         Value mine = nested.create<linalg::IndexOp>(at, dimension);
                                         Value its = nested.create<linalg::IndexOp>(at, rank);
                                         auto compare = [&](arith::CmpIPredicate predicate) -> Value {
                                           return nested.create<arith::CmpIOp>(at, predicate, its, mine);
                                         };
                                         // An earlier one stands before where it may; a later one where this
                                         // may not stand before it.
                                         Value may = Inline(nested, op.getRegion(), other_first);
                                         Value mine_may = Inline(nested, op.getRegion(), element_first);
                                         Value yes = nested.create<arith::ConstantIntOp>(at, 1, 1);
                                         Value must = nested.create<arith::XOrIOp>(at, mine_may, yes);
                                         Value before = nested.create<arith::SelectOp>(
                                             at, compare(arith::CmpIPredicate::slt), may, must);
                                         Value other_than = compare(arith::CmpIPredicate::ne);
                                         before = nested.create<arith::AndIOp>(at, before, other_than);
                                         Value one = nested.create<arith::ExtUIOp>(at, i32, before);
                                         Value sum = nested.create<arith::AddIOp>(at, x.back(), one);
                                         nested.create<linalg::YieldOp>(at, sum);
                                       })
               .getResult(0);
  // Place p of the result selects the element whose place is p.
  SmallVector<Value> sorted;
  for (Value output : op.getOutputs()) {
    sorted.push_back(b.create<linalg::GenericOp>(
                          loc, output.getType(), ValueRange{places, output}, output,
                          ArrayRef<AffineMap>{other, other, element}, iterators,
                          [&](OpBuilder& nested, Location at, ValueRange x) {
                            Value place = nested.create<linalg::IndexOp>(at, dimension);
                            Value number = nested.create<arith::IndexCastOp>(at, i32, place);
                            Value here =
                                nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::eq, x[0], number);
                            Value chosen = nested.create<arith::SelectOp>(at, here, x[1], x[2]);
                            nested.create<linalg::YieldOp>(at, chosen);
                          })
                         .getResult(0));
  }
  op->replaceAllUsesWith(sorted);
  op->erase();
}

LogicalResult Lower(tm_tensor::ScatterOp op) {
  OpBuilder b(op);
  const Location loc = op.getLoc();
  Value updates = op.getInputs()[0], indices = op.getInputs()[1], original = op.getOutputs()[0];
  const int64_t rank = TensorOf(original).getRank();
  const ArrayRef<int64_t> dimensions = op.getDimensionMap();
  // An update covers whole slices of the dimensions without an index.
  SmallVector<AffineExpr> update = {b.getAffineDimExpr(static_cast<unsigned>(rank))};
  for (int64_t d = 0; d < rank; ++d) {
    if (llvm::is_contained(dimensions, d)) continue;
    if (static_cast<int64_t>(update.size()) < TensorOf(updates).getRank() &&
        TensorOf(updates).getDimSize(static_cast<unsigned>(update.size())) !=
            TensorOf(original).getDimSize(d))
      return op.emitError("updates parts of slices; only whole ones can be compiled");
    update.push_back(b.getAffineDimExpr(static_cast<unsigned>(d)));
  }
  if (static_cast<int64_t>(update.size()) != TensorOf(updates).getRank())
    return op.emitError("updates parts of slices; only whole ones can be compiled");
  SmallVector<Value> operands = {updates};
  SmallVector<AffineMap> maps = {AffineMap::get(rank + 1, 0, update, b.getContext())};
  for (size_t depth = 0; depth < dimensions.size(); ++depth) {
    operands.push_back(indices);
    maps.push_back(AffineMap::get(
        rank + 1, 0, {update[0], b.getAffineConstantExpr(static_cast<int64_t>(depth))}, b.getContext()));
  }
  maps.push_back(AffineMap::get(rank + 1, 0, b.getMultiDimIdentityMap(rank).getResults(), b.getContext()));
  SmallVector<IteratorType> iterators(rank + 1, IteratorType::parallel);
  iterators[rank] = IteratorType::reduction;
  auto scattered = b.create<linalg::GenericOp>(
      loc, original.getType(), operands, original, maps, iterators,
      [&](OpBuilder& nested, Location at, ValueRange x) {
        Value hit;
        for (auto [depth, dimension] : llvm::enumerate(dimensions)) {
          Value here = nested.create<linalg::IndexOp>(at, dimension);
          here = nested.create<arith::IndexCastOp>(at, TensorOf(indices).getElementType(), here);
          Value equal = nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::eq, x[1 + depth], here);
          hit = hit ? nested.create<arith::AndIOp>(at, hit, equal).getResult() : equal;
        }
        Value updated = Inline(nested, op.getRegion(), {x.front(), x.back()});
        if (hit) updated = nested.create<arith::SelectOp>(at, hit, updated, x.back());
        nested.create<linalg::YieldOp>(at, updated);
      });
  op->replaceAllUsesWith(scattered);
  op->erase();
  return success();
}

class LowerTmTensorPass : public impl::LowerTmTensorBase<LowerTmTensorPass> {
  void runOnOperation() override {
    SmallVector<Operation*> ops;
    getOperation()->walk([&](Operation* op) {
      if (isa_and_nonnull<tm_tensor::TmTensorDialect>(op->getDialect()) && !isa<tm_tensor::YieldOp>(op))
        ops.push_back(op);
    });
    bool ok = true;
    for (Operation* op : ops) {
      if (auto scan = dyn_cast<tm_tensor::ScanOp>(op)) {
        Lower(scan);
      } else if (auto sort = dyn_cast<tm_tensor::SortOp>(op)) {
        Lower(sort);
      } else if (auto scatter = dyn_cast<tm_tensor::ScatterOp>(op)) {
        ok &= succeeded(Lower(scatter));
      }
    }
    if (!ok) signalPassFailure();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
