// SPDX-License-Identifier: Apache-2.0
// The general path: a module of static shapes, as processes that stream into each other.
#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/sample_stages.h"
#include "compiler/passes/sample_words.h"
#include "compiler/passes/stage_writer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_FORMSAMPLEKERNEL
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

constexpr llvm::StringLiteral kSymbol = "T";

// Samples as rows of words.
RankedTensorType RowsOf(RankedTensorType sample) {
  const int64_t words = ElementOf(sample, -1).getDimSize(1);
  return RankedTensorType::get({ShapedType::kDynamic, words}, Float32Type::get(sample.getContext()));
}

class FormSampleKernelPass : public impl::FormSampleKernelBase<FormSampleKernelPass> {
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    auto symbols = getOperation()->getAttrOfType<DictionaryAttr>(dataflow::kSymbolsAttr);
    if (!step || step.isExternal() || !symbols || !symbols.getAs<IntegerAttr>(kSymbol) ||
        !step->hasAttr(dataflow::kSamplesAttr))
      return;
    if (failed(check(step))) return signalPassFailure();
    const Rows rows{kSymbol.str(), symbols.getAs<IntegerAttr>(kSymbol).getInt()};
    if (failed(form(step, rows))) signalPassFailure();
    step->removeAttr(dataflow::kSamplesAttr);
  }

  static bool isInput(BlockArgument argument) {
    return !StepFunction::ArgumentAttr(argument, dataflow::kInputAttr).empty();
  }

  // Every argument is an input of static shape or a weight, every result of static shape.
  static LogicalResult check(func::FuncOp step) {
    auto fits = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.hasStaticShape() && tensor.getNumElements() > 0 &&
             WordsOfElement(tensor.getElementType()) > 0;
    };
    if (!llvm::any_of(step.getArguments(), isInput)) return step.emitError("has no input");
    for (BlockArgument argument : step.getArguments()) {
      if (isInput(argument) ? fits(argument.getType())
                            : !StepFunction::ArgumentAttr(argument, dataflow::kPartAttr).empty())
        continue;
      return step.emitError("argument ")
             << argument.getArgNumber() << " is neither a sample of static shape nor a "
             << "weight: " << argument.getType();
    }
    for (auto [index, type] : llvm::enumerate(step.getResultTypes()))
      if (!fits(type)) return step.emitError("result ") << index << " is no sample of static shape: " << type;
    if (!llvm::hasSingleElement(step.getBody())) return step.emitError("has branches");
    return success();
  }

  // The type of a sample, its leading dimension open where that counts the samples, its last one no dimension
  // where that is the parts of a complex number.
  static TypeAttr sampleType(Type type, Attribute counts, Attribute complex) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<int64_t> shape(tensor.getShape());
    if (counts) shape[0] = ShapedType::kDynamic;
    Type element = tensor.getElementType();
    if (complex) {
      shape.pop_back();
      element = ComplexType::get(element);
    }
    return TypeAttr::get(RankedTensorType::get(shape, element));
  }

  // Replaces each input of the function by rows of samples; returns the old argument and the new.
  static SmallVector<std::pair<BlockArgument, BlockArgument>> addRows(func::FuncOp step) {
    SmallVector<BlockArgument> samples(llvm::make_filter_range(step.getArguments(), isInput));
    SmallVector<std::pair<BlockArgument, BlockArgument>> inputs;
    OpBuilder b(step.getContext());
    for (BlockArgument sample : samples) {
      SmallVector<NamedAttribute> attributes = {
          b.getNamedAttr(dataflow::kInputAttr, step.getArgAttr(sample.getArgNumber(), dataflow::kInputAttr)),
          b.getNamedAttr(dataflow::kSymbolAttr, b.getStringAttr(kSymbol)),
          b.getNamedAttr(
              dataflow::kSampleAttr,
              sampleType(sample.getType(), step.getArgAttr(sample.getArgNumber(), dataflow::kRowsAttr),
                         step.getArgAttr(sample.getArgNumber(), dataflow::kComplexAttr)))};
      unsigned index = step.getNumArguments();
      step.insertArgument(index, RowsOf(cast<RankedTensorType>(sample.getType())),
                          b.getDictionaryAttr(attributes), sample.getLoc());
      inputs.emplace_back(sample, step.getArgument(index));
    }
    return inputs;
  }

  // What no result needs.
  static void eraseIdle(Block& block) {
    for (Operation& op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op)) op.erase();
  }

  static LogicalResult form(func::FuncOp step, const Rows& rows) {
    Block& block = step.getBody().front();
    Operation* end = block.getTerminator();
    const Location loc = step.getLoc();
    eraseIdle(block);
    FailureOr<SamplePlan> plan = SamplePlan::Make(step);
    if (failed(plan)) return failure();
    SmallVector<Operation*> old;
    for (Operation& op : block.without_terminator()) old.push_back(&op);
    const auto inputs = addRows(step);
    llvm::DenseMap<Value, SampleStream> streams;
    OpBuilder b = OpBuilder::atBlockBegin(&block);
    for (auto [argument, row] : inputs) {
      auto sample = cast<RankedTensorType>(argument.getType());
      Value stream = b.create<UnrealizedConversionCastOp>(loc, TypeRange{StreamOrder(sample, -1, rows)}, row)
                         .getResult(0);
      streams[argument] = {stream, sample, -1};
    }
    StageWriter writer(*plan, end, rows, std::move(streams));
    if (failed(writer.Write())) return failure();
    b.setInsertionPoint(end);
    SmallVector<Type> types;
    for (auto [i, stream] : llvm::enumerate(writer.results())) {
      auto sample = cast<RankedTensorType>(end->getOperand(i).getType());
      step.setResultAttr(i, dataflow::kSampleAttr,
                         sampleType(sample, step.getResultAttr(i, dataflow::kRowsAttr),
                                    step.getResultAttr(i, dataflow::kComplexAttr)));
      step.removeResultAttr(i, b.getStringAttr(dataflow::kRowsAttr));
      step.removeResultAttr(i, b.getStringAttr(dataflow::kComplexAttr));
      types.push_back(RowsOf(sample));
      end->setOperand(
          i, b.create<UnrealizedConversionCastOp>(loc, TypeRange{types.back()}, stream).getResult(0));
    }
    for (Operation* op : llvm::reverse(old)) op->erase();
    for (auto [argument, row] : llvm::reverse(inputs)) step.eraseArgument(argument.getArgNumber());
    step.setType(FunctionType::get(step.getContext(), step.getArgumentTypes(), types));
    return success();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
