// SPDX-License-Identifier: Apache-2.0
// The general path: a module of static shapes is one kernel, whatever is in it.
#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/kernel_builder.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_FORMSAMPLEKERNEL
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using itensor::ITensorType;

constexpr llvm::StringLiteral kSymbol = "T";

// The emitter writes elements out, so a constant whose elements lie outside the module's text comes in.
struct InlineResource : OpRewritePattern<arith::ConstantOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ConstantOp op, PatternRewriter& rewriter) const override {
    auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
    if (!resource) return failure();
    AsmResourceBlob* blob = resource.getRawHandle().getBlob();
    ShapedType type = resource.getType();
    bool is_splat = false;
    if (!blob || !DenseElementsAttr::isValidRawBuffer(type, blob->getData(), is_splat)) return failure();
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, DenseElementsAttr::getFromRawBuffer(type, blob->getData()));
    return success();
  }
};

// truncf of a float64 constant rounds to nearest even, which is what MLIR leaves to run time when inexact.
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

// A row-major tensor of one shape as another shape of as many elements.
Value Reshape(OpBuilder& b, Location loc, Value value, RankedTensorType to) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == to) return value;
  auto flat = RankedTensorType::get({from.getNumElements()}, from.getElementType());
  auto whole = [](int64_t rank) {
    SmallVector<ReassociationIndices> groups;
    if (rank == 0) return groups;
    groups.emplace_back();
    for (int64_t i = 0; i < rank; ++i) groups[0].push_back(i);
    return groups;
  };
  if (from.getRank() == 0) {
    value = b.create<tensor::ExpandShapeOp>(loc, flat, value, whole(0));
  } else if (from.getRank() > 1) {
    value = b.create<tensor::CollapseShapeOp>(loc, flat, value, whole(from.getRank()));
  }
  if (to.getRank() == 0) return b.create<tensor::CollapseShapeOp>(loc, to, value, whole(0));
  if (to.getRank() == 1) return value;
  return b.create<tensor::ExpandShapeOp>(loc, to, value, whole(to.getRank()));
}

RankedTensorType RowsOf(RankedTensorType sample) {
  return RankedTensorType::get({ShapedType::kDynamic, sample.getNumElements()}, sample.getElementType());
}

class FormSampleKernelPass : public impl::FormSampleKernelBase<FormSampleKernelPass> {
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    auto symbols = getOperation()->getAttrOfType<DictionaryAttr>(dataflow::kSymbolsAttr);
    if (!step || step.isExternal() || !symbols || !symbols.getAs<IntegerAttr>(kSymbol) || !isSample(step))
      return;
    if (failed(simplify(step))) return signalPassFailure();
    const Rows rows{kSymbol.str(), symbols.getAs<IntegerAttr>(kSymbol).getInt()};
    if (failed(form(step, rows))) signalPassFailure();
  }

  // Every argument and result is a float32 input of static shape: nothing counts rows.
  static bool isSample(func::FuncOp step) {
    auto is_static = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.hasStaticShape() && tensor.getElementType().isF32() &&
             tensor.getNumElements() > 0;
    };
    for (BlockArgument argument : step.getArguments())
      if (!is_static(argument.getType()) ||
          StepFunction::ArgumentAttr(argument, dataflow::kInputAttr).empty())
        return false;
    return step.getNumArguments() > 0 && llvm::all_of(step.getResultTypes(), is_static) &&
           llvm::hasSingleElement(step.getBody());
  }

  LogicalResult simplify(func::FuncOp step) {
    RewritePatternSet patterns(&getContext());
    patterns.add<InlineResource, RoundConstant, linalg::GeneralizePadOpPattern>(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    return applyPatternsAndFoldGreedily(step, std::move(patterns));
  }

  static LogicalResult form(func::FuncOp step, const Rows& rows) {
    Block& block = step.getBody().front();
    const unsigned inputs = step.getNumArguments();
    OpBuilder b(step.getContext());
    for (unsigned i = 0; i < inputs; ++i) {
      SmallVector<NamedAttribute> attributes = {
          b.getNamedAttr(dataflow::kInputAttr, step.getArgAttr(i, dataflow::kInputAttr)),
          b.getNamedAttr(dataflow::kSymbolAttr, b.getStringAttr(kSymbol))};
      step.insertArgument(inputs + i, RowsOf(cast<RankedTensorType>(step.getArgument(i).getType())),
                          b.getDictionaryAttr(attributes), step.getArgument(i).getLoc());
    }
    FailureOr<StepFunction> analysis = StepFunction::Analyse(step);
    if (failed(analysis)) return failure();
    Operation* end = block.getTerminator();
    const Location loc = step.getLoc();
    SmallVector<Operation*> old;
    for (Operation& op : block.without_terminator()) old.push_back(&op);

    KernelBuilder kernel(end, "samples", *analysis);
    SmallVector<ITensorType> outputs;
    for (Type type : step.getResultTypes())
      outputs.push_back(StepFunction::RowOrder(RowsOf(cast<RankedTensorType>(type)), rows));
    kernel.Begin(outputs, {{rows, 1}});
    IRMapping mapping;
    b.setInsertionPointToStart(&block);
    for (unsigned i = 0; i < inputs; ++i) {
      auto sample = cast<RankedTensorType>(step.getArgument(i).getType());
      Value row = step.getArgument(inputs + i);
      ITensorType order = StepFunction::RowOrder(RowsOf(sample), rows);
      Value stream = b.create<UnrealizedConversionCastOp>(loc, TypeRange{order}, row).getResult(0);
      Value read = kernel.Read(stream, row, sample.getElementType());
      mapping.map(step.getArgument(i), Reshape(kernel.builder(), loc, read, sample));
    }
    for (Operation* op : old) kernel.builder().clone(*op, mapping);
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      auto sample = cast<RankedTensorType>(value.getType());
      auto row = RankedTensorType::get({1, sample.getNumElements()}, sample.getElementType());
      kernel.Write(i, Reshape(kernel.builder(), loc, mapping.lookupOrDefault(value), row));
    }
    dataflow::KernelOp done = kernel.End();
    b.setInsertionPoint(end);
    SmallVector<Type> types;
    for (auto [i, result] : llvm::enumerate(done.getResults())) {
      types.push_back(RowsOf(cast<RankedTensorType>(end->getOperand(i).getType())));
      end->setOperand(
          i, b.create<UnrealizedConversionCastOp>(loc, TypeRange{types.back()}, result).getResult(0));
    }
    for (Operation* op : llvm::reverse(old)) op->erase();
    for (unsigned i = 0; i < inputs; ++i) step.eraseArgument(0);
    step.setType(FunctionType::get(step.getContext(), step.getArgumentTypes(), types));
    return success();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
