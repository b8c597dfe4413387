// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/binding.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/integer_product.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_EXPANDSAMPLES
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

// truncf of a constant rounds to nearest even; MLIR's own folder leaves it where that is inexact.
struct RoundConstant : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter& rewriter) const override {
    FloatAttr value;
    auto type = dyn_cast<FloatType>(op.getType());
    if (!type || !matchPattern(op.getIn(), m_Constant(&value))) return failure();
    APFloat rounded = value.getValue();
    bool loses_information = false;
    rounded.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &loses_information);
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, FloatAttr::get(type, rounded));
    return success();
  }
};

// A power with an integer exponent, as math.h has it.
struct PowerOfFloats : OpRewritePattern<math::FPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FPowIOp op, PatternRewriter& rewriter) const override {
    if (isa<ShapedType>(op.getType())) return failure();
    Value exponent = rewriter.create<arith::SIToFPOp>(op.getLoc(), op.getType(), op.getRhs());
    rewriter.replaceOpWithNewOp<math::PowFOp>(op, op.getLhs(), exponent);
    return success();
  }
};

struct RootBelowOne : OpRewritePattern<math::RsqrtOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::RsqrtOp op, PatternRewriter& rewriter) const override {
    if (isa<ShapedType>(op.getType())) return failure();
    Value root = rewriter.create<math::SqrtOp>(op.getLoc(), op.getOperand());
    Value one = rewriter.create<arith::ConstantOp>(op.getLoc(), rewriter.getFloatAttr(op.getType(), 1.0));
    rewriter.replaceOpWithNewOp<arith::DivFOp>(op, one, root);
    return success();
  }
};

struct MagnitudeOfInteger : OpRewritePattern<math::AbsIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::AbsIOp op, PatternRewriter& rewriter) const override {
    if (isa<ShapedType>(op.getType())) return failure();
    Value zero = rewriter.create<arith::ConstantOp>(op.getLoc(), rewriter.getZeroAttr(op.getType()));
    Value negated = rewriter.create<arith::SubIOp>(op.getLoc(), zero, op.getOperand());
    rewriter.replaceOpWithNewOp<arith::MaxSIOp>(op, op.getOperand(), negated);
    return success();
  }
};

// The engine's integers, in a process. The sums of groups stay where their products are added up: they are
// many times as many as the results.
void ExpandProduct(dataflow::ContractOp op) {
  OpBuilder b(op);
  Value product = WriteIntegerProduct(op, b);
  auto scaled = product.getDefiningOp<linalg::GenericOp>();
  Operation* sums = scaled.getDpsInputs()[0].getDefiningOp();
  dataflow::Binding fused;
  fused.spatial = false;
  sums->setAttr(dataflow::kBindingAttr, fused.ToAttribute(sums->getContext()));
  op.getResult().replaceAllUsesWith(product);
  op.erase();
}

class ExpandSamplesPass : public impl::ExpandSamplesBase<ExpandSamplesPass> {
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (!step || step.isExternal() || !step->hasAttr(dataflow::kSamplesAttr)) return;
    const SmallVector<dataflow::ContractOp> products(step.getBody().getOps<dataflow::ContractOp>());
    for (dataflow::ContractOp product : products) ExpandProduct(product);
    RewritePatternSet patterns(&getContext());
    patterns
        .add<RoundConstant, PowerOfFloats, RootBelowOne, MagnitudeOfInteger, linalg::GeneralizePadOpPattern>(
            &getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    if (failed(applyPatternsAndFoldGreedily(step, std::move(patterns)))) signalPassFailure();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
