// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/float_writer.h"
#include "kernels/contract/numerics.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_ORDERSUMS
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

// The addition that accumulates a float32 sum, or null: the yield of `op` is acc + f(inputs), acc being
// used nowhere else.
arith::AddFOp accumulation(linalg::LinalgOp op) {
  Block* body = op.getBlock();
  BlockArgument acc = body->getArgument(body->getNumArguments() - 1);
  auto add = body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || !acc.getType().isF32() || !acc.hasOneUse() || *acc.getUsers().begin() != add) return {};
  return add;
}

bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_PosZeroFloat());
  return matchPattern(value, m_PosZeroFloat());
}

// One sum on its way to 16 lanes.
class Sum {
 public:
  Sum(linalg::LinalgOp op, unsigned loop, int64_t length)
      : op_(op), builder_(op), loc_(op.getLoc()), loop_(loop), length_(length) {}

  Value order() {
    int64_t whole = length_ / contract::kSumPartials * contract::kSumPartials;
    Value partials = zeroPartials();
    if (whole > 0) partials = addWhole(partials, whole);
    if (whole < length_) partials = addRemainder(partials, whole);
    return tree(partials);
  }

 private:
  RankedTensorType resultType() { return cast<RankedTensorType>(op_.getDpsInits()[0].getType()); }
  AffineMap outputMap() { return op_.getMatchingIndexingMap(op_.getDpsInitOperand(0)); }

  // Position of the summed loop among the results of an operand's map; -1 when it is not there.
  int64_t dimensionOf(AffineMap map) {
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == getAffineDimExpr(loop_, map.getContext())) return static_cast<int64_t>(i);
    return -1;
  }

  // [.. x 16] of +0.
  Value zeroPartials() {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder_, loc_, op_.getDpsInits()[0]);
    sizes.push_back(builder_.getIndexAttr(contract::kSumPartials));
    Value empty = builder_.create<tensor::EmptyOp>(loc_, sizes, builder_.getF32Type());
    Value zero = builder_.create<arith::ConstantOp>(loc_, builder_.getF32FloatAttr(0.0f));
    return builder_.create<linalg::FillOp>(loc_, zero, empty).getResult(0);
  }

  Value slice(Value operand, int64_t dimension, int64_t offset, int64_t size) {
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder_, loc_, operand);
    if (type.getDimSize(dimension) == size) return operand;
    SmallVector<OpFoldResult> offsets(type.getRank(), builder_.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), builder_.getIndexAttr(1));
    offsets[dimension] = builder_.getIndexAttr(offset);
    sizes[dimension] = builder_.getIndexAttr(size);
    return builder_.create<tensor::ExtractSliceOp>(loc_, operand, offsets, sizes, strides);
  }

  // [.. x n x ..] to [.. x n/16 x 16 x ..].
  Value expand(Value operand, int64_t dimension) {
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<OpFoldResult> from = tensor::getMixedSizes(builder_, loc_, operand), sizes;
    SmallVector<ReassociationIndices> groups;
    SmallVector<int64_t> shape;
    int64_t next = 0;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (i == dimension) {
        int64_t count = type.getDimSize(i) / contract::kSumPartials;
        groups.push_back({next, next + 1});
        sizes.push_back(builder_.getIndexAttr(count));
        sizes.push_back(builder_.getIndexAttr(contract::kSumPartials));
        shape.append({count, contract::kSumPartials});
        next += 2;
      } else {
        groups.push_back({next++});
        sizes.push_back(from[i]);
        shape.push_back(type.getDimSize(i));
      }
    }
    return builder_.create<tensor::ExpandShapeOp>(loc_, type.clone(shape), operand, groups, sizes);
  }

  // Clones the body with the summed loop's index given by `index` (null: kept).
  void cloneBody(OpBuilder& nested, ValueRange args, llvm::function_ref<Value(OpBuilder&, Location)> index) {
    IRMapping mapping;
    Block* body = op_.getBlock();
    for (auto [from, to] : llvm::zip_equal(body->getArguments(), args)) mapping.map(from, to);
    for (Operation& inner : *body) {
      auto index_op = dyn_cast<linalg::IndexOp>(inner);
      if (index_op && index_op.getDim() == loop_) {
        mapping.map(index_op.getResult(), index(nested, loc_));
        continue;
      }
      nested.clone(inner, mapping);
    }
  }

  // The groups of 16: the summed loop counts groups, a new last loop the lanes.
  Value addWhole(Value partials, int64_t whole) {
    MLIRContext* context = op_.getContext();
    unsigned loops = op_.getNumLoops();
    AffineExpr lane = getAffineDimExpr(loops, context);
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (OpOperand* operand : op_.getDpsInputOperands()) {
      AffineMap map = op_.getMatchingIndexingMap(operand);
      int64_t dimension = dimensionOf(map);
      Value input = operand->get();
      SmallVector<AffineExpr> results(map.getResults());
      if (dimension >= 0) {
        input = expand(slice(input, dimension, 0, whole), dimension);
        results.insert(results.begin() + dimension + 1, lane);
      }
      inputs.push_back(input);
      maps.push_back(AffineMap::get(loops + 1, 0, results, context));
    }
    SmallVector<AffineExpr> results(outputMap().getResults());
    results.push_back(lane);
    maps.push_back(AffineMap::get(loops + 1, 0, results, context));
    SmallVector<utils::IteratorType> iterators = op_.getIteratorTypesArray();
    iterators.push_back(utils::IteratorType::parallel);
    return builder_
        .create<linalg::GenericOp>(
            loc_, partials.getType(), inputs, partials, maps, iterators,
            [&](OpBuilder& nested, Location, ValueRange args) {
              cloneBody(nested, args, [&](OpBuilder& b, Location at) -> Value {
                Value group = b.create<linalg::IndexOp>(at, loop_);
                Value inside = b.create<linalg::IndexOp>(at, loops);
                Value lanes = b.create<arith::ConstantIndexOp>(at, contract::kSumPartials);
                return b.create<arith::AddIOp>(at, b.create<arith::MulIOp>(at, group, lanes), inside);
              });
            })
        .getResult(0);
  }

  // The last n mod 16 terms: one more term for the first lanes, none for the others.
  Value addRemainder(Value partials, int64_t whole) {
    MLIRContext* context = op_.getContext();
    int64_t rest = length_ - whole;
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (OpOperand* operand : op_.getDpsInputOperands()) {
      AffineMap map = op_.getMatchingIndexingMap(operand);
      int64_t dimension = dimensionOf(map);
      inputs.push_back(dimension < 0 ? operand->get() : slice(operand->get(), dimension, whole, rest));
      maps.push_back(map);
    }
    SmallVector<AffineExpr> results(outputMap().getResults());
    results.push_back(getAffineDimExpr(loop_, context));
    maps.push_back(AffineMap::get(op_.getNumLoops(), 0, results, context));
    SmallVector<utils::IteratorType> iterators = op_.getIteratorTypesArray();
    iterators[loop_] = utils::IteratorType::parallel;
    int64_t lanes_dimension = resultType().getRank();
    Value lanes = slice(partials, lanes_dimension, 0, rest);
    Value sum =
        builder_
            .create<linalg::GenericOp>(loc_, lanes.getType(), inputs, lanes, maps, iterators,
                                       [&](OpBuilder& nested, Location, ValueRange args) {
                                         cloneBody(nested, args, [&](OpBuilder& b, Location at) -> Value {
                                           Value inside = b.create<linalg::IndexOp>(at, loop_);
                                           Value offset = b.create<arith::ConstantIndexOp>(at, whole);
                                           return b.create<arith::AddIOp>(at, inside, offset);
                                         });
                                       })
            .getResult(0);
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder_, loc_, partials);
    SmallVector<OpFoldResult> offsets(sizes.size(), builder_.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), builder_.getIndexAttr(1));
    sizes.back() = builder_.getIndexAttr(rest);
    return builder_.create<tensor::InsertSliceOp>(loc_, sum, partials, offsets, sizes, strides);
  }

  // p[j] + p[j+8], then +4, +2, +1: one elementwise operation that takes the partials once a lane.
  Value tree(Value partials) {
    MLIRContext* context = op_.getContext();
    int64_t rank = resultType().getRank();
    SmallVector<Value> inputs(contract::kSumPartials, partials);
    SmallVector<AffineMap> maps;
    AffineMap identity = AffineMap::getMultiDimIdentityMap(rank, context);
    for (int64_t lane = 0; lane < contract::kSumPartials; ++lane) {
      SmallVector<AffineExpr> results(identity.getResults());
      results.push_back(getAffineConstantExpr(lane, context));
      maps.push_back(AffineMap::get(rank, 0, results, context));
    }
    maps.push_back(identity);
    Value init = op_.getDpsInits()[0];
    bool from_zero = isZero(init);
    if (from_zero)
      init = builder_.create<tensor::EmptyOp>(loc_, tensor::getMixedSizes(builder_, loc_, init),
                                              builder_.getF32Type());
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    return builder_
        .create<linalg::GenericOp>(loc_, resultType(), inputs, init, maps, iterators,
                                   [&](OpBuilder& nested, Location at, ValueRange args) {
                                     SmallVector<Value> p(args.begin(),
                                                          args.begin() + contract::kSumPartials);
                                     FloatWriter w(nested, at);
                                     Value sum = w.tree(p);
                                     if (!from_zero) sum = w.add(args.back(), sum);
                                     nested.create<linalg::YieldOp>(at, sum);
                                   })
        .getResult(0);
  }

  linalg::LinalgOp op_;
  OpBuilder builder_;
  Location loc_;
  unsigned loop_;  // the summed one
  int64_t length_;
};

class OrderSumsPass : public impl::OrderSumsBase<OrderSumsPass> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> sums;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.getNumReductionLoops() > 0 && !op->getParentOfType<dataflow::KernelOp>()) sums.push_back(op);
    });
    bool ok = true;
    for (linalg::LinalgOp op : sums) ok &= succeeded(visit(op));
    if (!ok) signalPassFailure();
  }

  LogicalResult visit(linalg::LinalgOp op) {
    if (op.getNumDpsInits() != 1) {
      for (Value init : op.getDpsInits())
        if (isa<FloatType>(getElementTypeOrSelf(init)))
          return op->emitError() << "reduction with " << op.getNumDpsInits()
                                 << " results: the order of a float sum is known for one result only";
      return success();
    }
    if (!accumulation(op)) return success();
    if (!op.hasPureTensorSemantics()) return op->emitError() << "float sum on buffers: expected tensors";
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    unsigned loop = reductions.back();
    if (!isInnermost(op, loop)) return success();

    int64_t length = op.getStaticLoopRanges()[loop];
    if (ShapedType::isDynamic(length))
      return op->emitError()
             << "float sum over an index of unknown length: its order is defined for a static one";
    if (reductions.size() > 1 && length % contract::kSumPartials != 0)
      return op->emitError() << "float sum over " << reductions.size() << " indices, the last " << length
                             << " long: the last must be a multiple of " << contract::kSumPartials;
    AffineExpr summed = getAffineDimExpr(loop, &getContext());
    for (OpOperand* operand : op.getDpsInputOperands())
      for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
        if (expr != summed && expr.isFunctionOfDim(loop))
          return op->emitError() << "float sum over an index that an operand uses inside an expression (map "
                                 << AffineMapAttr::get(op.getMatchingIndexingMap(operand)) << ")";
    Value ordered = Sum(op, loop, length).order();
    op->getResult(0).replaceAllUsesWith(ordered);
    op->erase();
    return success();
  }

  // True when some operand holds the terms side by side. The sums this pass writes are none such: their
  // innermost index is the lane.
  bool isInnermost(linalg::LinalgOp op, unsigned loop) {
    return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand* operand) {
      AffineMap map = op.getMatchingIndexingMap(operand);
      return map.getNumResults() > 0 && map.getResults().back() == getAffineDimExpr(loop, map.getContext());
    });
  }
};

}  // namespace
}  // namespace streamtensor::compiler
