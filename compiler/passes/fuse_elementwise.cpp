// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/Passes.h"
#include "compiler/passes/dequantization.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

// A body that only moves or converts its inputs: worth repeating for every element of a broadcast.
bool isCheap(linalg::GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation& inner) {
    return inner.hasTrait<OpTrait::ConstantLike>() || isa<CastOpInterface>(inner);
  });
}

// Each fusion copies both bodies, so a chain costs the square of the largest body. A body of so many
// operations is one process already.
constexpr size_t kMaxBodyOperations = 256;

size_t bodySize(linalg::GenericOp op) {
  Block& body = op.getRegion().front();
  return static_cast<size_t>(std::distance(body.begin(), body.end()));
}

bool mayFuse(OpOperand* operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer) return false;
  // What several read is computed once.
  if (!operand->get().hasOneUse()) return false;
  if (bodySize(producer) + bodySize(consumer) > kMaxBodyOperations) return false;
  // `quantize` looks for a weight's dequantisation and for products of two whole operands.
  if (matchDequantization(producer)) return false;
  if (consumer.getNumReductionLoops() > 0 && consumer.getNumDpsInputs() > 1) return false;
  // A row's factor (1/sqrt of a mean) is not computed again for each column.
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  return map.getNumResults() >= consumer.getNumLoops() || isCheap(producer);
}

class FuseElementwisePass : public impl::FuseElementwiseBase<FuseElementwisePass> {
  void runOnOperation() override {
    if (failed(generalize())) return signalPassFailure();
    // A size asked of a result would count as one more user of it: ask the operands instead.
    RewritePatternSet sizes(&getContext());
    memref::populateResolveRankedShapedTypeResultDimsPatterns(sizes);
    tensor::DimOp::getCanonicalizationPatterns(sizes, &getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(sizes)))) return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, mayFuse);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    affine::AffineApplyOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) signalPassFailure();
  }

  // Named operations to generics. `linalg.fill` stays: it is how a sum says that it starts at zero.
  LogicalResult generalize() {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::AggregatedOpInterface> aggregates;
    getOperation()->walk([&](linalg::AggregatedOpInterface op) { aggregates.push_back(op); });
    for (linalg::AggregatedOpInterface op : aggregates) {
      rewriter.setInsertionPoint(op);
      FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
      if (failed(values)) return op->emitOpError("can't be written as simpler linalg operations");
      rewriter.replaceOp(op, *values);
    }
    SmallVector<linalg::LinalgOp> named;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp, linalg::FillOp>(op.getOperation())) named.push_back(op);
    });
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      if (failed(linalg::generalizeNamedOp(rewriter, op)))
        return op->emitOpError("can't be written as linalg.generic");
    }
    return success();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
