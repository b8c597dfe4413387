// SPDX-License-Identifier: Apache-2.0
// Torch-MLIR's own operations as linalg: loops without branches, whose order is the operation's.
#include <cmath>
#include <limits>
#include <optional>

#include "compiler/dialects/tm_tensor/TmTensorDialect.h"
#include "compiler/passes/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
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

// What the comparison of a sort says of pairs of elements, `arguments`. A NaN counts as greater than every
// number, as PyTorch sorts: a plain comparison has no place for it, and the others would lose theirs.
Value Compare(OpBuilder& b, Location loc, Region& region, ValueRange arguments) {
  SmallVector<Value> keys(arguments);
  for (unsigned i = 0; i + 1 < keys.size(); i += 2) {
    auto element = dyn_cast<FloatType>(keys[i].getType());
    const bool compared = !region.getArgument(i).use_empty() || !region.getArgument(i + 1).use_empty();
    if (!element || !compared) continue;
    auto is_nan = [&](Value x) -> Value {
      return b.create<arith::CmpFOp>(loc, arith::CmpFPredicate::UNO, x, x);
    };
    const Value nan[] = {is_nan(keys[i]), is_nan(keys[i + 1])};
    Value either = b.create<arith::OrIOp>(loc, nan[0], nan[1]);
    Value zero = b.create<arith::ConstantOp>(loc, b.getFloatAttr(element, 0));
    Value one = b.create<arith::ConstantOp>(loc, b.getFloatAttr(element, 1));
    for (unsigned side : {0u, 1u}) {
      Value rank = b.create<arith::SelectOp>(loc, nan[side], one, zero);
      keys[i + side] = b.create<arith::SelectOp>(loc, either, rank, keys[i + side]);
    }
  }
  return Inline(b, region, keys);
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

// The maps of loops over the elements of a tensor of `rank` and, last, over those that each is compared with
// along a dimension: of an element and of the other one.
std::pair<AffineMap, AffineMap> PairMaps(OpBuilder& b, int64_t rank, int64_t dimension) {
  const AffineMap element =
      AffineMap::get(rank + 1, 0, b.getMultiDimIdentityMap(rank).getResults(), b.getContext());
  SmallVector<AffineExpr> others(element.getResults());
  others[dimension] = b.getAffineDimExpr(static_cast<unsigned>(rank));
  return {element, AffineMap::get(rank + 1, 0, others, b.getContext())};
}

// i32, where the places of the elements of `values` are counted.
Value ZeroPlaces(OpBuilder& b, Location loc, Value values) {
  Value zero = b.create<arith::ConstantIntOp>(loc, 0, 32);
  return b.create<linalg::FillOp>(loc, zero, Empty(b, loc, TensorOf(values), b.getI32Type(), values))
      .getResult(0);
}

// For each place of `output` along the dimension, the element of `values` that has it.
Value SelectByPlace(OpBuilder& b, Location loc, Value places, Value values, Value output, int64_t dimension) {
  const int64_t rank = TensorOf(values).getRank();
  const auto [element, other] = PairMaps(b, rank, dimension);
  SmallVector<IteratorType> iterators(rank + 1, IteratorType::parallel);
  iterators[rank] = IteratorType::reduction;
  return b
      .create<linalg::GenericOp>(
          loc, output.getType(), ValueRange{places, values}, output,
          ArrayRef<AffineMap>{other, other, element}, iterators,
          [&](OpBuilder& nested, Location at, ValueRange x) {
            Value place = nested.create<linalg::IndexOp>(at, dimension);
            Value number = nested.create<arith::IndexCastOp>(at, nested.getI32Type(), place);
            Value here = nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::eq, x[0], number);
            Value chosen = nested.create<arith::SelectOp>(at, here, x[1], x[2]);
            nested.create<linalg::YieldOp>(at, chosen);
          })
      .getResult(0);
}

void Lower(tm_tensor::SortOp op) {
  OpBuilder b(op);
  const Location loc = op.getLoc();
  const RankedTensorType shape = TensorOf(op.getOutputs()[0]);
  const int64_t rank = shape.getRank(), dimension = op.getDimension();
  const auto [element, other] = PairMaps(b, rank, dimension);
  SmallVector<IteratorType> iterators(rank + 1, IteratorType::parallel);
  iterators[rank] = IteratorType::reduction;

  const Type i32 = b.getI32Type();
  Value places = ZeroPlaces(b, loc, op.getOutputs()[0]);
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
                                         Value may = Compare(nested, at, op.getRegion(), other_first);
                                         Value mine_may = Compare(nested, at, op.getRegion(), element_first);
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
  SmallVector<Value> sorted;
  for (Value output : op.getOutputs())
    sorted.push_back(SelectByPlace(b, loc, places, output, output, dimension));
  op->replaceAllUsesWith(sorted);
  op->erase();
}

void Lower(tm_tensor::TopkOp op) {
  OpBuilder b(op);
  const Location loc = op.getLoc();
  Value values = op.getInputs()[0];
  const RankedTensorType shape = TensorOf(values);
  const auto dimension = static_cast<int64_t>(op.getDimension());
  const int64_t rank = shape.getRank();
  const auto [element, other] = PairMaps(b, rank, dimension);
  SmallVector<IteratorType> iterators(rank + 1, IteratorType::parallel);
  iterators[rank] = IteratorType::reduction;
  Value places = ZeroPlaces(b, loc, values);
  places = b.create<linalg::GenericOp>(
                loc, places.getType(), ValueRange{values, values}, places,
                ArrayRef<AffineMap>{element, other, element}, iterators,
                [&](OpBuilder& nested, Location at, ValueRange x) {
                  // An earlier one stands before unless this one comes before it.
                  Value mine = nested.create<linalg::IndexOp>(at, dimension);
                  Value its = nested.create<linalg::IndexOp>(at, rank);
                  Value earlier = nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::slt, its, mine);
                  Value is_other = nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::ne, its, mine);
                  Value yes = nested.create<arith::ConstantIntOp>(at, 1, 1);
                  Value after = Compare(nested, at, op.getRegion(), {x[0], x[1]});
                  Value before = Compare(nested, at, op.getRegion(), {x[1], x[0]});
                  before = nested.create<arith::SelectOp>(
                      at, earlier, nested.create<arith::XOrIOp>(at, after, yes), before);
                  before = nested.create<arith::AndIOp>(at, before, is_other);
                  Value one = nested.create<arith::ExtUIOp>(at, nested.getI32Type(), before);
                  nested.create<linalg::YieldOp>(at, nested.create<arith::AddIOp>(at, x[2], one).getResult());
                })
               .getResult(0);
  Value numbers = op.getInputs().size() == 2 ? op.getInputs()[1] : Value();
  if (!numbers) {
    const Type integer = TensorOf(op.getOutputs()[1]).getElementType();
    Value empty = Empty(b, loc, shape, integer, values);
    numbers =
        b.create<linalg::GenericOp>(loc, empty.getType(), ValueRange{}, empty, b.getMultiDimIdentityMap(rank),
                                    SmallVector<IteratorType>(rank, IteratorType::parallel),
                                    [&](OpBuilder& nested, Location at, ValueRange) {
                                      Value place = nested.create<linalg::IndexOp>(at, dimension);
                                      Value number = nested.create<arith::IndexCastOp>(at, integer, place);
                                      nested.create<linalg::YieldOp>(at, number);
                                    })
            .getResult(0);
  }
  SmallVector<Value> results;
  for (auto [from, output] : llvm::zip_equal(SmallVector<Value>{values, numbers}, op.getOutputs())) {
    // What the outputs hold need not be defined.
    const RankedTensorType type = TensorOf(output);
    Value zero = b.create<arith::ConstantOp>(loc, b.getZeroAttr(type.getElementType()));
    Value start = Empty(b, loc, type, type.getElementType(), output);
    start = b.create<linalg::FillOp>(loc, zero, start).getResult(0);
    results.push_back(SelectByPlace(b, loc, places, from, start, dimension));
  }
  op->replaceAllUsesWith(results);
  op->erase();
}

// Attention as generics over [batch..., rows, columns].
class AttentionWriter {
 public:
  explicit AttentionWriter(tm_tensor::AttentionOp op)
      : b_(op),
        loc_(op.getLoc()),
        element_(TensorOf(op.getInputs()[0]).getElementType()),
        rank_(TensorOf(op.getInputs()[0]).getRank()) {}

  Value Write(ValueRange inputs, Value output) {
    Value q = inputs[0], k = inputs[1], v = inputs[2];
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b_, loc_, q);
    const SmallVector<OpFoldResult> rows(sizes.begin(), sizes.end() - 1);
    sizes.back() = tensor::getMixedSize(b_, loc_, k, rank_ - 2);
    // Loops: batch, n, m, d.
    Value scores = Product({q, k}, Fill(sizes, Float(0)), {{rank_ - 2, rank_}, {rank_ - 1, rank_}});
    SmallVector<Value> weighed = {scores};
    if (inputs.size() == 4) weighed.push_back(inputs[3]);
    const auto width = static_cast<double>(TensorOf(q).getShape().back());
    Value root = Float(std::sqrt(width)), least = Float(-std::numeric_limits<double>::infinity());
    Value zero = Float(0);
    scores = Elementwise(sizes, weighed, {}, [&](OpBuilder& b, Location at, ValueRange x) -> Value {
      Value score = b.create<arith::DivFOp>(at, x[0], root);
      if (weighed.size() == 1) return score;
      Value mask = x[1];
      if (mask.getType().isInteger(1)) mask = b.create<arith::SelectOp>(at, mask, zero, least);
      return b.create<arith::AddFOp>(at, score, mask);
    });
    Value greatest = Reduce<arith::MaximumFOp>(scores, Fill(rows, least));
    // exp(score - greatest); of a row of which nothing counts, 0.
    Value powers =
        Elementwise(sizes, scores, greatest, [&](OpBuilder& b, Location at, ValueRange x) -> Value {
          Value nothing = b.create<arith::CmpFOp>(at, arith::CmpFPredicate::OEQ, x[1], least);
          Value top = b.create<arith::SelectOp>(at, nothing, zero, x[1]);
          return b.create<math::ExpOp>(at, b.create<arith::SubFOp>(at, x[0], top).getResult());
        });
    Value sums = Reduce<arith::AddFOp>(powers, Fill(rows, zero));
    Value weights = Elementwise(sizes, powers, sums, [&](OpBuilder& b, Location at, ValueRange x) -> Value {
      Value nothing = b.create<arith::CmpFOp>(at, arith::CmpFPredicate::OEQ, x[1], zero);
      Value part = b.create<arith::DivFOp>(at, x[0], x[1]);
      return b.create<arith::SelectOp>(at, nothing, zero, part);
    });
    // Loops: batch, n, v, m.
    Value start = Fill(tensor::getMixedSizes(b_, loc_, output), zero);
    return Product({weights, v}, start, {{rank_ - 2, rank_}, {rank_, rank_ - 1}});
  }

 private:
  using Body = llvm::function_ref<Value(OpBuilder&, Location, ValueRange)>;

  Value Float(double value) { return b_.create<arith::ConstantOp>(loc_, b_.getFloatAttr(element_, value)); }

  Value Fill(ArrayRef<OpFoldResult> sizes, Value value) {
    Value empty = b_.create<tensor::EmptyOp>(loc_, sizes, element_);
    return b_.create<linalg::FillOp>(loc_, value, empty).getResult(0);
  }

  Value Generic(ValueRange inputs, Value output, ArrayRef<AffineMap> maps, ArrayRef<IteratorType> iterators,
                Body body) {
    return b_
        .create<linalg::GenericOp>(loc_, output.getType(), inputs, output, maps, iterators,
                                   [&](OpBuilder& nested, Location at, ValueRange x) {
                                     nested.create<linalg::YieldOp>(at, body(nested, at, x));
                                   })
        .getResult(0);
  }

  // Sums over the last loop of products of two tensors, whose last two dimensions walk the loops given.
  Value Product(ValueRange inputs, Value output, ArrayRef<std::pair<int64_t, int64_t>> loops) {
    SmallVector<AffineMap> maps;
    for (auto [rows, columns] : loops) {
      SmallVector<AffineExpr> results(b_.getMultiDimIdentityMap(rank_ - 2).getResults());
      results.push_back(b_.getAffineDimExpr(rows));
      results.push_back(b_.getAffineDimExpr(columns));
      maps.push_back(AffineMap::get(rank_ + 1, 0, results, b_.getContext()));
    }
    maps.push_back(
        AffineMap::get(rank_ + 1, 0, b_.getMultiDimIdentityMap(rank_).getResults(), b_.getContext()));
    SmallVector<IteratorType> iterators(rank_ + 1, IteratorType::parallel);
    iterators[rank_] = IteratorType::reduction;
    return Generic(inputs, output, maps, iterators, [](OpBuilder& b, Location at, ValueRange x) -> Value {
      Value product = b.create<arith::MulFOp>(at, x[0], x[1]);
      return b.create<arith::AddFOp>(at, product, x[2]);
    });
  }

  // Of tensors of `sizes` and, if given, one of their rows.
  Value Elementwise(ArrayRef<OpFoldResult> sizes, ValueRange inputs, Value rows, Body body) {
    const AffineMap all = b_.getMultiDimIdentityMap(rank_);
    SmallVector<AffineMap> maps(inputs.size(), all);
    SmallVector<Value> operands(inputs);
    if (rows) {
      operands.push_back(rows);
      maps.push_back(Without(b_, rank_, rank_ - 1));
    }
    maps.push_back(all);
    Value empty = b_.create<tensor::EmptyOp>(loc_, sizes, element_);
    return Generic(operands, empty, maps, SmallVector<IteratorType>(rank_, IteratorType::parallel), body);
  }

  template <typename Combine>
  Value Reduce(Value input, Value start) {
    SmallVector<IteratorType> iterators(rank_, IteratorType::parallel);
    iterators.back() = IteratorType::reduction;
    const SmallVector<AffineMap> maps = {b_.getMultiDimIdentityMap(rank_), Without(b_, rank_, rank_ - 1)};
    return Generic(input, start, maps, iterators, [](OpBuilder& b, Location at, ValueRange x) -> Value {
      return b.create<Combine>(at, x[0], x[1]);
    });
  }

  OpBuilder b_;
  Location loc_;
  Type element_;
  int64_t rank_;
};

LogicalResult Lower(tm_tensor::AttentionOp op) {
  if (ShapedType::isDynamic(TensorOf(op.getInputs()[0]).getShape().back()))
    return op.emitError("has queries of unknown length; export the module with a fixed one");
  const SmallVector<Value> result = {AttentionWriter(op).Write(op.getInputs(), op.getOutputs()[0])};
  op->replaceAllUsesWith(result);
  op->erase();
  return success();
}

// Of a dimension of a scatter's result.
struct ScatteredDimension {
  std::optional<unsigned> depth;   // its index
  std::optional<unsigned> update;  // where an update has it
  int64_t size = 1;                // of an update; it begins at the index, or at 0
  bool is_whole = true;            // the element that the index names, or all there are without one
};

// An update has the dimensions without an index, in order, or the last ones with and without. None: it lacks
// one.
std::optional<SmallVector<ScatteredDimension>> ScatteredDimensions(tm_tensor::ScatterOp op) {
  const RankedTensorType updates = TensorOf(op.getInputs()[0]), output = TensorOf(op.getOutputs()[0]);
  SmallVector<ScatteredDimension> dimensions(output.getRank());
  for (auto [depth, dimension] : llvm::enumerate(op.getDimensionMap()))
    dimensions[dimension].depth = static_cast<unsigned>(depth);
  const int64_t has = updates.getRank() - 1, rank = output.getRank();
  const bool only_unindexed = has == rank - static_cast<int64_t>(op.getDimensionMap().size());
  if (has > rank) return std::nullopt;
  unsigned next = 1;
  for (auto [d, dimension] : llvm::enumerate(dimensions)) {
    const bool is_there = only_unindexed ? !dimension.depth : static_cast<int64_t>(d) >= rank - has;
    if (!is_there && !dimension.depth) return std::nullopt;
    if (!is_there) continue;
    dimension.update = next++;
    dimension.size = updates.getDimSize(*dimension.update);
    dimension.is_whole = dimension.size == (dimension.depth ? 1 : output.getDimSize(d));
  }
  return dimensions;
}

LogicalResult Lower(tm_tensor::ScatterOp op) {
  OpBuilder b(op);
  const Location loc = op.getLoc();
  Value updates = op.getInputs()[0], indices = op.getInputs()[1], original = op.getOutputs()[0];
  const int64_t rank = TensorOf(original).getRank();
  const std::optional<SmallVector<ScatteredDimension>> dimensions = ScatteredDimensions(op);
  if (!dimensions) return op.emitError("has updates that lack dimensions of its output");
  const bool whole = llvm::all_of(*dimensions, [](const ScatteredDimension& d) { return d.is_whole; });
  if (!whole &&
      llvm::any_of(*dimensions, [](const ScatteredDimension& d) { return ShapedType::isDynamic(d.size); }))
    return op.emitError("updates parts of slices of unknown size; export the module with fixed sizes");
  const unsigned depths = static_cast<unsigned>(op.getDimensionMap().size());
  if (!whole && depths == 0) return op.emitError("updates parts of slices without an index");
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  auto add = [&](Value operand, ArrayRef<AffineExpr> at) {
    operands.push_back(operand);
    maps.push_back(AffineMap::get(rank + 1, 0, at, b.getContext()));
  };
  const AffineExpr number = b.getAffineDimExpr(static_cast<unsigned>(rank));  // of an update
  for (unsigned depth = 0; depth < depths; ++depth) add(indices, {number, b.getAffineConstantExpr(depth)});
  if (whole) {
    SmallVector<AffineExpr> at = {number};
    for (auto [d, dimension] : llvm::enumerate(*dimensions)) {
      if (!dimension.update) continue;
      at.push_back(dimension.depth ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(d));
    }
    add(updates, at);
  }
  maps.push_back(AffineMap::get(rank + 1, 0, b.getMultiDimIdentityMap(rank).getResults(), b.getContext()));
  SmallVector<IteratorType> iterators(rank + 1, IteratorType::parallel);
  iterators[rank] = IteratorType::reduction;
  auto scattered = b.create<linalg::GenericOp>(
      loc, original.getType(), operands, original, maps, iterators,
      [&](OpBuilder& nested, Location at, ValueRange x) {
        Value hit, zero;
        if (!whole) zero = nested.create<arith::ConstantIndexOp>(at, 0);
        SmallVector<Value> place;  // in the updates
        if (!whole) place.push_back(nested.create<linalg::IndexOp>(at, rank));
        for (auto [d, dimension] : llvm::enumerate(*dimensions)) {
          if (dimension.is_whole && !dimension.depth && whole) continue;
          Value here = nested.create<linalg::IndexOp>(at, d), inside;
          if (dimension.is_whole && dimension.depth) {
            here = nested.create<arith::IndexCastOp>(at, TensorOf(indices).getElementType(), here);
            inside = nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::eq, x[*dimension.depth], here);
            here = zero;
          } else if (!dimension.is_whole) {
            // What an update does not reach reads its first element, and drops it.
            if (dimension.depth) {
              Value from = nested.create<arith::IndexCastOp>(at, here.getType(), x[*dimension.depth]);
              here = nested.create<arith::SubIOp>(at, here, from);
            }
            Value size = nested.create<arith::ConstantIndexOp>(at, dimension.size);
            inside = nested.create<arith::CmpIOp>(at, arith::CmpIPredicate::ult, here, size);
            here = nested.create<arith::SelectOp>(at, inside, here, zero);
          }
          if (dimension.update && !whole) place.push_back(here);
          if (inside) hit = hit ? nested.create<arith::AndIOp>(at, hit, inside).getResult() : inside;
        }
        Value update = whole ? x[depths] : nested.create<tensor::ExtractOp>(at, updates, place).getResult();
        Value updated = Inline(nested, op.getRegion(), {update, x.back()});
        if (hit) updated = nested.create<arith::SelectOp>(at, hit, updated, x.back());
        nested.create<linalg::YieldOp>(at, updated);
      });
  op->replaceAllUsesWith(scattered);
  op->erase();
  return success();
}

class LowerTmTensorPass : public impl::LowerTmTensorBase<LowerTmTensorPass> {
  void getDependentDialects(DialectRegistry& registry) const override {
    LowerTmTensorBase::getDependentDialects(registry);
    registry.insert<math::MathDialect>();
  }

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
      } else if (auto topk = dyn_cast<tm_tensor::TopkOp>(op)) {
        Lower(topk);
      } else if (auto attention = dyn_cast<tm_tensor::AttentionOp>(op)) {
        ok &= succeeded(Lower(attention));
      } else if (auto scatter = dyn_cast<tm_tensor::ScatterOp>(op)) {
        ok &= succeeded(Lower(scatter));
      }
    }
    if (!ok) signalPassFailure();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
