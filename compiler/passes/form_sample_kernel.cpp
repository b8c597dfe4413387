// SPDX-License-Identifier: Apache-2.0
// The general path: a module of static shapes is one kernel, whatever is in it.
#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/kernel_builder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_FORMSAMPLEKERNEL
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using itensor::ITensorType;

constexpr llvm::StringLiteral kSymbol = "T";

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

// Words of a row for each element. 0: an element has no such form.
int64_t WordsOfElement(Type type) {
  if (type.isF32() || type.isF16() || type.isBF16()) return 1;
  if (type.isF64() || type.isInteger(64)) return 2;
  return type.isInteger(1) || type.isInteger(8) || type.isInteger(16) || type.isInteger(32) ? 1 : 0;
}

RankedTensorType RowOf(RankedTensorType sample, int64_t rows) {
  return RankedTensorType::get({rows, sample.getNumElements() * WordsOfElement(sample.getElementType())},
                               Float32Type::get(sample.getContext()));
}

RankedTensorType RowsOf(RankedTensorType sample) { return RowOf(sample, ShapedType::kDynamic); }

// An elementwise operation over the n elements of a flat tensor.
Value MapFlat(OpBuilder& b, Location loc, ValueRange inputs, ArrayRef<AffineMap> maps,
              RankedTensorType result, llvm::function_ref<Value(OpBuilder&, Location, ValueRange)> body) {
  Value empty = b.create<tensor::EmptyOp>(loc, result.getShape(), result.getElementType());
  SmallVector<utils::IteratorType> iterators(result.getRank(), utils::IteratorType::parallel);
  return b
      .create<linalg::GenericOp>(loc, result, inputs, empty, maps, iterators,
                                 [&](OpBuilder& nested, Location at, ValueRange arguments) {
                                   Value value = body(nested, at, arguments);
                                   nested.create<linalg::YieldOp>(at, value);
                                 })
      .getResult(0);
}

// An element of two words, from their bits.
Value OfTwoWords(OpBuilder& b, Location loc, Value low, Value high, Type type) {
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  auto wide = [&](Value word) -> Value {
    return b.create<arith::ExtUIOp>(loc, i64, b.create<arith::BitcastOp>(loc, i32, word));
  };
  Value shift = b.create<arith::ConstantIntOp>(loc, 32, 64);
  Value bits = b.create<arith::OrIOp>(loc, wide(low), b.create<arith::ShLIOp>(loc, wide(high), shift));
  return type.isF64() ? b.create<arith::BitcastOp>(loc, type, bits).getResult() : bits;
}

// One element of a type other than float32, from a word.
Value OfWord(OpBuilder& b, Location loc, Value word, Type type) {
  if (isa<FloatType>(type)) return b.create<arith::TruncFOp>(loc, type, word);
  Value bits = b.create<arith::BitcastOp>(loc, b.getI32Type(), word);
  if (type.isInteger(32)) return bits;
  return b.create<arith::TruncIOp>(loc, type, bits);
}

Value ToWord(OpBuilder& b, Location loc, Value element) {
  Type type = element.getType(), f32 = b.getF32Type(), i32 = b.getI32Type();
  if (isa<FloatType>(type)) return b.create<arith::ExtFOp>(loc, f32, element);
  if (type.isInteger(1)) element = b.create<arith::ExtUIOp>(loc, i32, element);
  if (type.isInteger(8) || type.isInteger(16)) element = b.create<arith::ExtSIOp>(loc, i32, element);
  return b.create<arith::BitcastOp>(loc, f32, element);
}

// The sample that a row of words holds.
Value Unpack(OpBuilder& b, Location loc, Value row, RankedTensorType sample) {
  Type type = sample.getElementType();
  if (type.isF32()) return Reshape(b, loc, row, sample);
  const int64_t count = sample.getNumElements();
  auto flat = RankedTensorType::get({count}, type);
  AffineExpr n = b.getAffineDimExpr(0);
  AffineMap identity = b.getMultiDimIdentityMap(1);
  Value elements;
  if (WordsOfElement(type) == 1) {
    Value words = Reshape(b, loc, row, RankedTensorType::get({count}, b.getF32Type()));
    elements =
        MapFlat(b, loc, words, {identity, identity}, flat,
                [&](OpBuilder& nested, Location at, ValueRange x) { return OfWord(nested, at, x[0], type); });
  } else {
    Value words = Reshape(b, loc, row, RankedTensorType::get({count, 2}, b.getF32Type()));
    auto half = [&](int64_t at) {
      return AffineMap::get(1, 0, {n, b.getAffineConstantExpr(at)}, b.getContext());
    };
    elements = MapFlat(b, loc, {words, words}, {half(0), half(1), identity}, flat,
                       [&](OpBuilder& nested, Location at, ValueRange x) {
                         return OfTwoWords(nested, at, x[0], x[1], type);
                       });
  }
  return Reshape(b, loc, elements, sample);
}

// The row of words that holds a sample.
Value Pack(OpBuilder& b, Location loc, Value value) {
  auto sample = cast<RankedTensorType>(value.getType());
  Type type = sample.getElementType(), f32 = b.getF32Type();
  RankedTensorType row = RowOf(sample, 1);
  if (type.isF32()) return Reshape(b, loc, value, row);
  const int64_t count = sample.getNumElements();
  Value elements = Reshape(b, loc, value, RankedTensorType::get({count}, type));
  AffineMap identity = b.getMultiDimIdentityMap(1);
  if (WordsOfElement(type) == 1) {
    Value words =
        MapFlat(b, loc, elements, {identity, identity}, RankedTensorType::get({count}, f32),
                [](OpBuilder& nested, Location at, ValueRange x) { return ToWord(nested, at, x[0]); });
    return Reshape(b, loc, words, row);
  }
  AffineMap element = AffineMap::get(2, 0, b.getAffineDimExpr(0), b.getContext());
  Value words = MapFlat(
      b, loc, elements, {element, b.getMultiDimIdentityMap(2)}, RankedTensorType::get({count, 2}, f32),
      [](OpBuilder& nested, Location at, ValueRange x) -> Value {
        Type i64 = nested.getI64Type();
        Value bits = x[0];
        if (bits.getType().isF64()) bits = nested.create<arith::BitcastOp>(at, i64, bits);
        Value half = nested.create<linalg::IndexOp>(at, 1);
        Value shift = nested.create<arith::MulIOp>(at, nested.create<arith::IndexCastOp>(at, i64, half),
                                                   nested.create<arith::ConstantIntOp>(at, 32, 64));
        Value word = nested.create<arith::TruncIOp>(at, nested.getI32Type(),
                                                    nested.create<arith::ShRUIOp>(at, bits, shift));
        return nested.create<arith::BitcastOp>(at, nested.getF32Type(), word);
      });
  return Reshape(b, loc, words, row);
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
                            : StepFunction::ArgumentAttr(argument, dataflow::kPartAttr) == "value")
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

  // The type of a sample, its leading dimension open where that counts the samples.
  static TypeAttr sampleType(Type type, Attribute counts) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<int64_t> shape(tensor.getShape());
    if (counts) shape[0] = ShapedType::kDynamic;
    return TypeAttr::get(RankedTensorType::get(shape, tensor.getElementType()));
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
              sampleType(sample.getType(), step.getArgAttr(sample.getArgNumber(), dataflow::kRowsAttr)))};
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
      Value read = kernel.Read(stream, row, Float32Type::get(step.getContext()));
      mapping.map(argument, Unpack(kernel.builder(), loc, read, sample));
    }
    for (BlockArgument argument : step.getArguments()) {
      if (isInput(argument) || argument.use_empty()) continue;
      FailureOr<Value> weight = kernel.Import(argument);
      if (failed(weight)) return failure();
      mapping.map(argument, *weight);
    }
    for (Operation* op : old) kernel.builder().clone(*op, mapping);
    for (auto [i, value] : llvm::enumerate(end->getOperands())) {
      kernel.Write(i, Pack(kernel.builder(), loc, mapping.lookupOrDefault(value)));
      step.setResultAttr(i, dataflow::kSampleAttr,
                         sampleType(value.getType(), step.getResultAttr(i, dataflow::kRowsAttr)));
      step.removeResultAttr(i, b.getStringAttr(dataflow::kRowsAttr));
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
