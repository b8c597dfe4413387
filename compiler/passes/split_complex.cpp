// SPDX-License-Identifier: Apache-2.0
// Complex numbers as pairs of floats. Tensors are split here, what is computed of single numbers by MLIR's
// own complex-to-standard patterns.
#include <complex>

#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "mlir/Conversion/ComplexToStandard/ComplexToStandard.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_SPLITCOMPLEX
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using utils::IteratorType;

constexpr int64_t kParts = 2;  // of a number: real, imaginary

ComplexType ElementOf(Type type) { return dyn_cast<ComplexType>(getElementTypeOrSelf(type)); }

bool IsComplexTensor(Type type) { return isa<RankedTensorType>(type) && ElementOf(type); }
bool IsComplexTensor(Value value) { return IsComplexTensor(value.getType()); }

// Of one part of each number.
RankedTensorType PartOf(Type type) {
  return cast<RankedTensorType>(type).clone(ElementOf(type).getElementType());
}

// A complex number or tensor, by parts.
struct Parts {
  Value real, imaginary;
  Value operator[](int64_t part) const { return part == 0 ? real : imaginary; }
};

Parts PartsOfNumber(OpBuilder& b, Location loc, Value number) {
  return {b.create<complex::ReOp>(loc, number), b.create<complex::ImOp>(loc, number)};
}

// Whether there are complex numbers in `step`. An error for each whose parts are no floats.
FailureOr<bool> HasComplexNumbers(func::FuncOp step) {
  bool ok = true, has = false;
  auto check = [&](Operation* at, Type type) {
    ComplexType element = ElementOf(type);
    has |= static_cast<bool>(element);
    if (!element || isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element.getElementType()))
      return;
    ok = false;
    at->emitError("has complex numbers of ")
        << element.getElementType() << "; those of floats can be compiled";
  };
  step->walk([&](Operation* op) {
    for (Type type : op->getOperandTypes()) check(op, type);
    for (Type type : op->getResultTypes()) check(op, type);
  });
  if (!ok) return failure();
  return has;
}

// A choice between two numbers, which complex-to-standard leaves as it is.
struct SelectPart : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SelectOp op, PatternRewriter& rewriter) const override {
    auto type = dyn_cast<ComplexType>(op.getType());
    if (!type) return failure();
    const Parts yes = PartsOfNumber(rewriter, op.getLoc(), op.getTrueValue());
    const Parts no = PartsOfNumber(rewriter, op.getLoc(), op.getFalseValue());
    Value parts[kParts];
    for (int64_t part = 0; part < kParts; ++part)
      parts[part] = rewriter.create<arith::SelectOp>(op.getLoc(), op.getCondition(), yes[part], no[part]);
    rewriter.replaceOpWithNewOp<complex::CreateOp>(op, type, parts[0], parts[1]);
    return success();
  }
};

// As PyTorch multiplies. complex-to-standard adds C's rules for infinities, which take 90 operations.
struct PlainProduct : OpRewritePattern<complex::MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(complex::MulOp op, PatternRewriter& rewriter) const override {
    const Location loc = op.getLoc();
    const Parts x = PartsOfNumber(rewriter, loc, op.getLhs()), y = PartsOfNumber(rewriter, loc, op.getRhs());
    auto product = [&](Value a, Value b) -> Value { return rewriter.create<arith::MulFOp>(loc, a, b); };
    Value ac = product(x.real, y.real), bd = product(x.imaginary, y.imaginary);
    Value ad = product(x.real, y.imaginary), bc = product(x.imaginary, y.real);
    Value real = rewriter.create<arith::SubFOp>(loc, ac, bd);
    Value imaginary = rewriter.create<arith::AddFOp>(loc, ad, bc);
    rewriter.replaceOpWithNewOp<complex::CreateOp>(op, op.getType(), real, imaginary);
    return success();
  }
};

// Rewrites a function so that no tensor has complex elements; single numbers stay, as complex.create of
// parts.
class TensorSplitter {
 public:
  explicit TensorSplitter(func::FuncOp step) : step_(step), b_(step.getContext()) {}

  // Emits an error for each operation that can't be split.
  LogicalResult Run() {
    Block& block = step_.getBody().front();
    SmallVector<Operation*> ops;
    for (Operation& op : block) ops.push_back(&op);
    b_.setInsertionPointToStart(&block);
    for (BlockArgument argument : llvm::to_vector(block.getArguments()))
      if (IsComplexTensor(argument)) SplitArgument(argument);
    for (Operation* op : ops) {
      b_.setInsertionPoint(op);
      Visit(op);
    }
    if (failed_) return failure();
    for (Operation* op : llvm::reverse(split_)) op->erase();
    for (BlockArgument argument : llvm::reverse(replaced_)) step_.eraseArgument(argument.getArgNumber());
    Operation* end = block.getTerminator();
    step_.setType(FunctionType::get(step_.getContext(), block.getArgumentTypes(), end->getOperandTypes()));
    return success();
  }

 private:
  // [..., 2] of a tensor's parts.
  static RankedTensorType Joined(Type type) {
    RankedTensorType part = PartOf(type);
    SmallVector<int64_t> shape(part.getShape());
    shape.push_back(kParts);
    return RankedTensorType::get(shape, part.getElementType());
  }

  void SplitArgument(BlockArgument argument) {
    const Location loc = argument.getLoc();
    const unsigned index = argument.getArgNumber();
    DictionaryAttr given = step_.getArgAttrDict(index);
    NamedAttrList attributes(given ? given : b_.getDictionaryAttr({}));
    attributes.set(dataflow::kComplexAttr, b_.getUnitAttr());
    // The old one moves up; it goes at the end.
    step_.insertArgument(index, Joined(argument.getType()), attributes.getDictionary(b_.getContext()), loc);
    BlockArgument joined = step_.getArgument(index);
    replaced_.push_back(argument);
    const int64_t rank = PartOf(argument.getType()).getRank();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b_, loc, joined);
    sizes.pop_back();
    auto part = [&](int64_t which) {
      SmallVector<AffineExpr> from(b_.getMultiDimIdentityMap(rank).getResults());
      from.push_back(b_.getAffineConstantExpr(which));
      Value empty = b_.create<tensor::EmptyOp>(loc, sizes, PartOf(argument.getType()).getElementType());
      return b_
          .create<linalg::GenericOp>(
              loc, empty.getType(), joined, empty,
              ArrayRef<AffineMap>{AffineMap::get(rank, 0, from, b_.getContext()),
                                  b_.getMultiDimIdentityMap(rank)},
              SmallVector<IteratorType>(rank, IteratorType::parallel),
              [](OpBuilder& b, Location at, ValueRange x) { b.create<linalg::YieldOp>(at, x[0]); })
          .getResult(0);
    };
    Value real = part(0);
    parts_[argument] = {real, part(1)};
  }

  // [..., 2]
  Value Join(Location loc, const Parts& parts) {
    auto type = cast<RankedTensorType>(parts.real.getType());
    const int64_t rank = type.getRank();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b_, loc, parts.real);
    sizes.push_back(b_.getIndexAttr(kParts));
    Value empty = b_.create<tensor::EmptyOp>(loc, sizes, type.getElementType());
    const AffineMap all = b_.getMultiDimIdentityMap(rank + 1), from = all.dropResult(rank);
    return b_
        .create<linalg::GenericOp>(
            loc, empty.getType(), ValueRange{parts.real, parts.imaginary}, empty,
            ArrayRef<AffineMap>{from, from, all}, SmallVector<IteratorType>(rank + 1, IteratorType::parallel),
            [&](OpBuilder& b, Location at, ValueRange x) {
              Value zero = b.create<arith::ConstantIndexOp>(at, 0);
              Value is_real = b.create<arith::CmpIOp>(at, arith::CmpIPredicate::eq,
                                                      b.create<linalg::IndexOp>(at, rank), zero);
              b.create<linalg::YieldOp>(at, b.create<arith::SelectOp>(at, is_real, x[0], x[1]).getResult());
            })
        .getResult(0);
  }

  bool Touches(Operation* op) const {
    return llvm::any_of(op->getOperands(), [](Value value) { return IsComplexTensor(value); }) ||
           llvm::any_of(op->getResults(), [](Value value) { return IsComplexTensor(value); });
  }

  void Visit(Operation* op) {
    if (auto loops = dyn_cast<linalg::LinalgOp>(op)) return VisitLoops(loops);
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) return VisitExtract(extract);
    if (!Touches(op)) return;
    if (isa<func::ReturnOp>(op)) return VisitReturn(op);
    split_.push_back(op);
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) return VisitConstant(constant);
    if (auto dim = dyn_cast<tensor::DimOp>(op)) {
      Value source = parts_[dim.getSource()].real;
      if (source)
        dim.replaceAllUsesWith(b_.create<tensor::DimOp>(op->getLoc(), source, dim.getIndex()).getResult());
      return;
    }
    if (isa<arith::SelectOp>(op) || isa_and_nonnull<tensor::TensorDialect>(op->getDialect()))
      return VisitMove(op);
    Refuse(op);
  }

  // Of its results nothing more is said.
  void Refuse(Operation* op) {
    failed_ = true;
    op->emitError("has a tensor of complex numbers, which this operation can't be compiled of");
  }

  bool Known(Operation* op) const {
    return llvm::all_of(op->getOperands(),
                        [&](Value value) { return !IsComplexTensor(value) || parts_.lookup(value).real; });
  }

  void VisitConstant(arith::ConstantOp op) {
    auto values = dyn_cast<DenseElementsAttr>(op.getValue());
    if (!values) return Refuse(op);
    Value parts[kParts];
    for (int64_t part = 0; part < kParts; ++part) {
      auto of = [part](const std::complex<APFloat>& x) { return part == 0 ? x.real() : x.imag(); };
      SmallVector<APFloat> floats;
      if (values.isSplat()) {
        floats.push_back(of(values.getSplatValue<std::complex<APFloat>>()));
      } else {
        for (const std::complex<APFloat>& x : values.getValues<std::complex<APFloat>>())
          floats.push_back(of(x));
      }
      parts[part] =
          b_.create<arith::ConstantOp>(op.getLoc(), DenseElementsAttr::get(PartOf(op.getType()), floats));
    }
    parts_[op.getResult()] = {parts[0], parts[1]};
  }

  // The same operation on each part: it moves elements and computes nothing of them.
  void VisitMove(Operation* op) {
    if (!Known(op)) return;
    Value parts[kParts];
    for (int64_t part = 0; part < kParts; ++part) {
      IRMapping mapping;
      for (Value operand : op->getOperands()) {
        if (IsComplexTensor(operand)) {
          mapping.map(operand, parts_[operand][part]);
        } else if (ElementOf(operand.getType())) {
          mapping.map(operand, PartsOfNumber(b_, op->getLoc(), operand)[part]);
        }
      }
      Operation* moved = b_.clone(*op, mapping);
      // A padding is one number.
      for (Region& region : moved->getRegions()) {
        for (Block& block : region) {
          Operation* end = block.getTerminator();
          OpBuilder inner(end);
          for (OpOperand& yielded : end->getOpOperands())
            if (ElementOf(yielded.get().getType()))
              yielded.set(PartsOfNumber(inner, end->getLoc(), yielded.get())[part]);
        }
      }
      if (moved->getNumResults() != 1) return Refuse(op);
      moved->getResult(0).setType(PartOf(op->getResult(0).getType()));
      parts[part] = moved->getResult(0);
    }
    parts_[op->getResult(0)] = {parts[0], parts[1]};
  }

  void VisitExtract(tensor::ExtractOp op) {
    if (!IsComplexTensor(op.getTensor()) || !Known(op)) return;
    const Parts parts = parts_[op.getTensor()];
    OpBuilder b(op);
    auto element = [&](Value part) -> Value {
      return b.create<tensor::ExtractOp>(op.getLoc(), part, op.getIndices());
    };
    Value real = element(parts.real);
    op.replaceAllUsesWith(
        b.create<complex::CreateOp>(op.getLoc(), op.getType(), real, element(parts.imaginary)).getResult());
    op.erase();
  }

  void VisitReturn(Operation* op) {
    if (!Known(op)) return;
    for (OpOperand& result : op->getOpOperands()) {
      if (!IsComplexTensor(result.get())) continue;
      result.set(Join(op->getLoc(), parts_[result.get()]));
      step_.setResultAttr(result.getOperandNumber(), dataflow::kComplexAttr, b_.getUnitAttr());
    }
  }

  void VisitLoops(linalg::LinalgOp op) {
    auto complex = [](Value value) { return static_cast<bool>(ElementOf(value.getType())); };
    bool splits = llvm::any_of(op->getOperands(), complex);
    if (!splits) {
      op->walk([&](tensor::ExtractOp extract) { VisitExtract(extract); });
      return;
    }
    auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
    if (!generic) {
      IRRewriter rewriter(b_);
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::GenericOp> general = linalg::generalizeNamedOp(rewriter, op);
      if (failed(general)) {
        split_.push_back(op);
        return Refuse(op);
      }
      generic = *general;
      b_.setInsertionPoint(generic);
    }
    generic->walk([&](tensor::ExtractOp extract) { VisitExtract(extract); });
    split_.push_back(generic);
    if (Known(generic)) SplitLoops(generic);
  }

  void SplitLoops(linalg::GenericOp op) {
    const Location loc = op.getLoc();
    SmallVector<Value> inputs, outputs;
    SmallVector<AffineMap> maps;
    for (OpOperand& operand : op->getOpOperands()) {
      SmallVector<Value>& to = op.isDpsInput(&operand) ? inputs : outputs;
      SmallVector<Value> split = {operand.get()};
      if (IsComplexTensor(operand.get())) {
        split = {parts_[operand.get()].real, parts_[operand.get()].imaginary};
      } else if (ElementOf(operand.get().getType())) {
        const Parts parts = PartsOfNumber(b_, loc, operand.get());
        split = {parts.real, parts.imaginary};
      }
      for (Value value : split) {
        to.push_back(value);
        maps.push_back(op.getMatchingIndexingMap(&operand));
      }
    }
    auto split = b_.create<linalg::GenericOp>(
        loc, TypeRange(ValueRange(outputs)), inputs, outputs, maps, op.getIteratorTypesArray(),
        [&](OpBuilder& b, Location at, ValueRange x) {
          IRMapping mapping;
          auto next = x.begin();
          for (BlockArgument argument : op.getBody()->getArguments()) {
            Value element = *next++;
            if (auto type = dyn_cast<ComplexType>(argument.getType()))
              element = b.create<complex::CreateOp>(at, type, element, *next++);
            mapping.map(argument, element);
          }
          for (Operation& inner : op.getBody()->without_terminator()) b.clone(inner, mapping);
          SmallVector<Value> yielded;
          for (Value value : op.getBody()->getTerminator()->getOperands()) {
            value = mapping.lookupOrDefault(value);
            if (ElementOf(value.getType())) {
              const Parts parts = PartsOfNumber(b, at, value);
              yielded.append({parts.real, parts.imaginary});
            } else {
              yielded.push_back(value);
            }
          }
          b.create<linalg::YieldOp>(at, yielded);
        });
    split->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
    auto next = split.getResults().begin();
    for (OpResult result : op->getResults()) {
      Value first = *next++;
      if (IsComplexTensor(result)) {
        parts_[result] = {first, *next++};
      } else {
        result.replaceAllUsesWith(first);
      }
    }
  }

  func::FuncOp step_;
  OpBuilder b_;
  llvm::DenseMap<Value, Parts> parts_;
  SmallVector<Operation*> split_;  // in order, without uses but by each other
  SmallVector<BlockArgument> replaced_;
  bool failed_ = false;
};

class SplitComplexPass : public impl::SplitComplexBase<SplitComplexPass> {
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (!step || step.isExternal() || !step->hasAttr(dataflow::kSamplesAttr)) return;
    FailureOr<bool> has = HasComplexNumbers(step);
    if (succeeded(has) && !*has) return;
    if (failed(has) || failed(TensorSplitter(step).Run()) || failed(computeParts(step))) signalPassFailure();
  }

  // What is computed of single numbers, and what becomes idle by it.
  LogicalResult computeParts(func::FuncOp step) {
    RewritePatternSet own(&getContext());
    own.add<SelectPart, PlainProduct>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(step, std::move(own)))) return failure();
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation*) { return true; });
    target.addIllegalDialect<complex::ComplexDialect>();
    target.addLegalOp<complex::CreateOp, complex::ReOp, complex::ImOp, complex::ConstantOp,
                      complex::BitcastOp>();
    RewritePatternSet patterns(&getContext());
    populateComplexToStandardConversionPatterns(patterns);
    if (failed(applyPartialConversion(step, target, std::move(patterns)))) return failure();
    RewritePatternSet folding(&getContext());
    if (failed(applyPatternsAndFoldGreedily(step, std::move(folding)))) return failure();
    SmallVector<Operation*> left, others;
    step->walk([&](Operation* op) {
      if (!isa_and_nonnull<complex::ComplexDialect>(op->getDialect())) return;
      // Between a number and its parts: left where something else is.
      const bool is_border = isa<complex::CreateOp, complex::ReOp, complex::ImOp, complex::ConstantOp>(op);
      (is_border ? left : others).push_back(op);
    });
    for (Operation* op : others.empty() ? left : others)
      op->emitError("of complex numbers can't be compiled");
    return success(left.empty() && others.empty());
  }
};

}  // namespace
}  // namespace streamtensor::compiler
