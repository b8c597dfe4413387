// SPDX-License-Identifier: Apache-2.0
// The general path: a module of static shapes is one kernel, whatever is in it.
#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/kernel_builder.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_FORMSAMPLEKERNEL
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using itensor::ITensorType;

constexpr llvm::StringLiteral kSymbol = "T";

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

  static bool isStatic(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getElementType().isF32() &&
           tensor.getNumElements() > 0;
  }

  static bool isInput(BlockArgument argument) {
    return !StepFunction::ArgumentAttr(argument, dataflow::kInputAttr).empty();
  }

  // Every argument is a float32 input of static shape or a float32 weight, every result of static shape.
  static bool isSample(func::FuncOp step) {
    auto fits = [](BlockArgument argument) {
      return isStatic(argument.getType()) &&
             (isInput(argument) || StepFunction::ArgumentAttr(argument, dataflow::kPartAttr) == "value");
    };
    return llvm::all_of(step.getArguments(), fits) && llvm::any_of(step.getArguments(), isInput) &&
           llvm::all_of(step.getResultTypes(), isStatic) && llvm::hasSingleElement(step.getBody());
  }

  LogicalResult simplify(func::FuncOp step) {
    RewritePatternSet patterns(&getContext());
    patterns.add<RoundConstant, linalg::GeneralizePadOpPattern>(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    return applyPatternsAndFoldGreedily(step, std::move(patterns));
  }

  // Replaces each input of the function by rows of samples; returns the old argument and the new.
  static SmallVector<std::pair<BlockArgument, BlockArgument>> addRows(func::FuncOp step) {
    SmallVector<BlockArgument> samples(llvm::make_filter_range(step.getArguments(), isInput));
    SmallVector<std::pair<BlockArgument, BlockArgument>> inputs;
    OpBuilder b(step.getContext());
    for (BlockArgument sample : samples) {
      SmallVector<NamedAttribute> attributes = {
          b.getNamedAttr(dataflow::kInputAttr, step.getArgAttr(sample.getArgNumber(), dataflow::kInputAttr)),
          b.getNamedAttr(dataflow::kSymbolAttr, b.getStringAttr(kSymbol))};
      unsigned index = step.getNumArguments();
      step.insertArgument(index, RowsOf(cast<RankedTensorType>(sample.getType())),
                          b.getDictionaryAttr(attributes), sample.getLoc());
      inputs.emplace_back(sample, step.getArgument(index));
    }
    return inputs;
  }

  static LogicalResult form(func::FuncOp step, const Rows& rows) {
    Block& block = step.getBody().front();
    Operation* end = block.getTerminator();
    const Location loc = step.getLoc();
    SmallVector<Operation*> old;
    for (Operation& op : block.without_terminator()) old.push_back(&op);
    const auto inputs = addRows(step);
    FailureOr<StepFunction> analysis = StepFunction::Analyse(step);
    if (failed(analysis)) return failure();

    KernelBuilder kernel(end, "samples", *analysis);
    SmallVector<ITensorType> outputs;
    for (Type type : step.getResultTypes())
      outputs.push_back(StepFunction::RowOrder(RowsOf(cast<RankedTensorType>(type)), rows));
    kernel.Begin(outputs, {{rows, 1}});
    IRMapping mapping;
    OpBuilder b = OpBuilder::atBlockBegin(&block);
    for (auto [argument, row] : inputs) {
      auto sample = cast<RankedTensorType>(argument.getType());
      ITensorType order = StepFunction::RowOrder(RowsOf(sample), rows);
      Value stream = b.create<UnrealizedConversionCastOp>(loc, TypeRange{order}, row).getResult(0);
      Value read = kernel.Read(stream, row, sample.getElementType());
      mapping.map(argument, Reshape(kernel.builder(), loc, read, sample));
    }
    for (BlockArgument argument : step.getArguments()) {
      if (isInput(argument) || argument.use_empty()) continue;
      FailureOr<Value> weight = kernel.Import(argument);
      if (failed(weight)) return failure();
      mapping.map(argument, *weight);
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
    for (auto [argument, row] : llvm::reverse(inputs)) step.eraseArgument(argument.getArgNumber());
    step.setType(FunctionType::get(step.getContext(), step.getArgumentTypes(), types));
    return success();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
