// SPDX-License-Identifier: Apache-2.0
// The assertions of a module, as one more result; indices that data decide, within their tensors.
#include <optional>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_COLLECTCHECKS
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

// Whether an index is known to be 0 .. size - 1.
bool IsWithin(Value index, int64_t size) {
  if (std::optional<int64_t> constant = getConstantIntValue(index)) return *constant >= 0 && *constant < size;
  auto loop = index.getDefiningOp<linalg::IndexOp>();
  if (!loop) return false;
  auto linalg = loop->getParentOfType<linalg::LinalgOp>();
  const int64_t range = linalg.getStaticLoopRanges()[loop.getDim()];
  return !ShapedType::isDynamic(range) && range <= size;
}

Value Clamped(OpBuilder& b, Location loc, Value index, int64_t greatest) {
  Value zero = b.create<arith::ConstantIndexOp>(loc, 0),
        most = b.create<arith::ConstantIndexOp>(loc, greatest);
  return b.create<arith::MinSIOp>(loc, b.create<arith::MaxSIOp>(loc, index, zero), most);
}

class CollectChecksPass : public impl::CollectChecksBase<CollectChecksPass> {
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (!step || step.isExternal() || !step->hasAttr(dataflow::kSamplesAttr)) return;
    bool asserts = false;
    step.walk([&](cf::AssertOp) { asserts = true; });
    if (asserts) {
      OpPassManager clean_up(ModuleOp::getOperationName());
      clean_up.addPass(createCanonicalizerPass());
      if (failed(runPipeline(clean_up, getOperation()))) return signalPassFailure();
    }
    guardDivisions(step);
    if (failed(collect(step))) return signalPassFailure();
    step.walk([](tensor::ExtractOp op) { keepWithin(op); });
    step.walk([](OffsetSizeAndStrideOpInterface op) { keepWithin(op); });
  }

  static void keepWithin(tensor::ExtractOp op) {
    OpBuilder b(op);
    RankedTensorType type = op.getTensor().getType();
    for (auto [d, index] : llvm::enumerate(op.getIndicesMutable())) {
      const int64_t size = type.getDimSize(d);
      if (ShapedType::isDynamic(size) || IsWithin(index.get(), size)) continue;
      index.set(Clamped(b, op.getLoc(), index.get(), size - 1));
    }
  }

  static void keepWithin(OffsetSizeAndStrideOpInterface op) {
    auto insert = dyn_cast<tensor::InsertSliceOp>(*op);
    auto extract = dyn_cast<tensor::ExtractSliceOp>(*op);
    if (!insert && !extract) return;
    RankedTensorType whole = insert ? insert.getDestType() : extract.getSourceType();
    OpBuilder b(op);
    for (auto [d, offset] : llvm::enumerate(op.getMixedOffsets())) {
      auto value = dyn_cast<Value>(offset);
      std::optional<int64_t> size = getConstantIntValue(op.getMixedSizes()[d]);
      std::optional<int64_t> stride = getConstantIntValue(op.getMixedStrides()[d]);
      if (!value || getConstantIntValue(value) || !size || !stride || whole.isDynamicDim(d)) continue;
      const int64_t greatest = whole.getDimSize(d) - (*size - 1) * *stride - 1;
      Value within = Clamped(b, op.getLoc(), value, greatest);
      op->getOpOperand(op.getIndexOfDynamicOffset(d)).set(within);
    }
  }

  // A quotient that stops a card is refused by a check, and computed by 1.
  static void guardDivisions(func::FuncOp step) {
    SmallVector<Operation*> divisions;
    step.walk([&](Operation* op) {
      if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::FloorDivSIOp,
              arith::CeilDivSIOp>(op))
        divisions.push_back(op);
    });
    for (Operation* op : divisions) {
      Value divisor = op->getOperand(1);
      std::optional<int64_t> constant = getConstantIntValue(divisor);
      if ((constant && *constant > 0) || isa<ShapedType>(divisor.getType())) continue;
      OpBuilder b(op);
      const Location loc = op->getLoc();
      Type type = divisor.getType();
      auto number = [&](const APInt& value) -> Value {
        if (type.isIndex()) return b.create<arith::ConstantIndexOp>(loc, value.getSExtValue());
        return b.create<arith::ConstantOp>(loc, b.getIntegerAttr(type, value));
      };
      const unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
      Value zero = number(APInt(bits, 0));
      Value sound = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, divisor, zero);
      b.create<cf::AssertOp>(loc, sound, "an integer is divided by zero");
      if (!isa<arith::DivUIOp, arith::RemUIOp>(op)) {
        // The lowest integer by -1 doesn't fit.
        Value least = number(APInt::getSignedMinValue(bits)), minus_one = number(APInt::getAllOnes(bits));
        Value a = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, op->getOperand(0), least);
        Value c = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, divisor, minus_one);
        Value fits = b.create<arith::OrIOp>(loc, a, c);
        b.create<cf::AssertOp>(loc, fits, "the quotient of the lowest integer and -1 doesn't fit");
        sound = b.create<arith::AndIOp>(loc, sound, fits);
      }
      op->setOperand(1, b.create<arith::SelectOp>(loc, sound, divisor, number(APInt(bits, 1))));
    }
  }

  // Appends the result that tells which check fails.
  static LogicalResult collect(func::FuncOp step) {
    SmallVector<cf::AssertOp> asserts;
    step.walk([&](cf::AssertOp op) { asserts.push_back(op); });
    if (asserts.empty()) return success();
    OpBuilder b(step.getContext());
    Operation* end = step.getBody().front().getTerminator();
    SmallVector<Attribute> messages;
    Value failed_check;  // tensor<i32>
    auto first_value = [&](Operation* before) {
      if (failed_check) return;
      b.setInsertionPoint(before);
      failed_check = b.create<arith::ConstantOp>(
          before->getLoc(), DenseElementsAttr::get(RankedTensorType::get({}, b.getI32Type()), int32_t{0}));
    };
    auto number_of = [&](cf::AssertOp op) {
      Attribute message = op.getMsgAttr();
      auto known = llvm::find(messages, message);
      if (known != messages.end()) return static_cast<int32_t>(known - messages.begin()) + 1;
      messages.push_back(message);
      return static_cast<int32_t>(messages.size());
    };
    llvm::SetVector<Operation*> owners;
    for (cf::AssertOp op : asserts) {
      Operation* at = step.getBody().front().findAncestorOpInBlock(*op.getOperation());
      owners.insert(at);
    }
    for (Operation* owner : owners) {
      first_value(owner);
      if (auto assert = dyn_cast<cf::AssertOp>(owner)) {
        b.setInsertionPoint(owner);
        failed_check = appendCheck(b, owner->getLoc(), failed_check, assert.getArg(), number_of(assert));
        continue;
      }
      auto generic = dyn_cast<linalg::GenericOp>(owner);
      if (!generic) return owner->emitError("has an assertion within it; only linalg.generic may");
      FailureOr<Value> next = appendChecks(generic, failed_check, number_of);
      if (failed(next)) return failure();
      failed_check = *next;
    }
    for (cf::AssertOp op : asserts) op->erase();
    end->insertOperands(end->getNumOperands(), failed_check);
    SmallVector<Type> results(step.getResultTypes());
    results.push_back(failed_check.getType());
    SmallVector<Attribute> attributes;
    for (unsigned i = 0; i < step.getNumResults(); ++i) attributes.push_back(resultAttrs(step, i));
    attributes.push_back(
        b.getDictionaryAttr(b.getNamedAttr(dataflow::kChecksAttr, b.getArrayAttr(messages))));
    step.setType(FunctionType::get(step.getContext(), step.getArgumentTypes(), results));
    step.setResAttrsAttr(b.getArrayAttr(attributes));
    return success();
  }

  static Attribute resultAttrs(func::FuncOp step, unsigned index) {
    DictionaryAttr attributes = step.getResultAttrDict(index);
    return attributes ? attributes : DictionaryAttr::get(step.getContext());
  }

  static Value next(OpBuilder& b, Location loc, Value previous, Value holds, int32_t number) {
    Value zero = b.create<arith::ConstantIntOp>(loc, 0, 32),
          mine = b.create<arith::ConstantIntOp>(loc, number, 32);
    Value now = b.create<arith::SelectOp>(loc, holds, zero, mine);
    Value before = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, previous, zero);
    return b.create<arith::SelectOp>(loc, before, previous, now);
  }

  static Value appendCheck(OpBuilder& b, Location loc, Value previous, Value holds, int32_t number) {
    AffineMap none = AffineMap::get(b.getContext());
    return b
        .create<linalg::GenericOp>(
            loc, previous.getType(), ValueRange(), previous, none, ArrayRef<utils::IteratorType>(),
            [&](OpBuilder& nested, Location at, ValueRange x) {
              nested.create<linalg::YieldOp>(at, next(nested, at, x[0], holds, number));
            })
        .getResult(0);
  }

  // A reduction over all elements, of the conditions alone. The outputs are operands for their shape only.
  static FailureOr<Value> appendChecks(linalg::GenericOp op, Value previous,
                                       llvm::function_ref<int32_t(cf::AssertOp)> number_of) {
    Block* body = op.getBody();
    for (BlockArgument out : op.getRegionOutputArgs()) {
      llvm::SetVector<Operation*> slice;
      getForwardSlice(out, &slice);
      for (Operation* user : slice)
        if (isa<cf::AssertOp>(user))
          return user->emitError("asserts what was accumulated; only what the operands hold can be checked");
    }
    OpBuilder b(op);
    SmallVector<Value> operands(op.getOperands());
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    maps.push_back(AffineMap::get(op.getNumLoops(), 0, b.getContext()));
    SmallVector<utils::IteratorType> iterators(op.getNumLoops(), utils::IteratorType::reduction);
    auto checks = b.create<linalg::GenericOp>(
        op.getLoc(), previous.getType(), operands, previous, maps, iterators,
        [&](OpBuilder& nested, Location at, ValueRange x) {
          IRMapping mapping;
          mapping.map(body->getArguments(), x.drop_back());
          Value value = x.back();
          for (Operation& inner : body->without_terminator()) {
            if (auto assert = dyn_cast<cf::AssertOp>(inner)) {
              value = next(nested, at, value, mapping.lookupOrDefault(assert.getArg()), number_of(assert));
            } else {
              nested.clone(inner, mapping);
            }
          }
          nested.create<linalg::YieldOp>(at, value);
        });
    return checks.getResult(0);
  }
};

}  // namespace
}  // namespace streamtensor::compiler
