// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/join_ends.h"

#include "compiler/analysis/itensor_converter.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace streamtensor::compiler {

using namespace mlir;
using itensor::ITensorType;

Value ItensorOf(Value tensor) {
  auto cast = tensor.getDefiningOp<UnrealizedConversionCastOp>();
  if (!cast || cast.getNumOperands() != 1 || !isa<ITensorType>(cast.getOperand(0).getType())) return {};
  return cast.getOperand(0);
}

bool IsOrderCast(Operation* op) {
  auto cast = dyn_cast<UnrealizedConversionCastOp>(op);
  return cast && cast.getNumOperands() == 1 && cast.getNumResults() == 1 &&
         isa<RankedTensorType>(cast.getOperand(0).getType()) && isa<ITensorType>(cast.getResult(0).getType());
}

void EraseIdleEnds(func::FuncOp step) {
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<Operation*> idle;
    step.walk([&](Operation* op) {
      if (isa<UnrealizedConversionCastOp, itensor::ConverterOp, itensor::ReassociateOp, itensor::CastOp>(
              op) &&
          op->use_empty())
        idle.push_back(op);
    });
    for (Operation* op : idle) op->erase();
    changed = !idle.empty();
  }
}

// One cast for all who want a tensor in one order.
static void shareOrderCasts(func::FuncOp step) {
  llvm::DenseMap<std::pair<Value, Type>, Value> shared;
  step.walk<WalkOrder::PreOrder>([&](UnrealizedConversionCastOp cast) {
    if (!IsOrderCast(cast)) return;
    // Casts stand behind the tensor they take, the first in the block behind it in all cases.
    Value& first = shared[{cast.getOperand(0), cast.getResult(0).getType()}];
    if (!first)
      first = cast.getResult(0);
    else if (first.getParentBlock() == cast->getBlock())
      cast.getResult(0).replaceAllUsesWith(first);
  });
  EraseIdleEnds(step);
}

void JoinEqualEnds(func::FuncOp step) {
  shareOrderCasts(step);
  step.walk([](UnrealizedConversionCastOp cast) {
    if (!IsOrderCast(cast)) return;
    Value source = ItensorOf(cast.getOperand(0));
    if (source && source.getType() == cast.getResult(0).getType())
      cast.getResult(0).replaceAllUsesWith(source);
  });
  EraseIdleEnds(step);
}

LogicalResult ConvertUnequalEnds(func::FuncOp step) {
  JoinEqualEnds(step);
  llvm::DenseMap<std::pair<Value, Type>, Value> converted;
  SmallVector<UnrealizedConversionCastOp> casts;
  step.walk([&](UnrealizedConversionCastOp cast) {
    if (IsOrderCast(cast) && ItensorOf(cast.getOperand(0))) casts.push_back(cast);
  });
  for (UnrealizedConversionCastOp cast : casts) {
    Value source = ItensorOf(cast.getOperand(0));
    auto from = llvm::cast<ITensorType>(source.getType()),
         to = llvm::cast<ITensorType>(cast.getResult(0).getType());
    Value& value = converted[{source, to}];
    if (!value) {
      OpBuilder builder(cast.getContext());
      builder.setInsertionPointAfterValue(source);
      if (from.getCanonical() == to.getCanonical()) {
        value = builder.create<itensor::CastOp>(cast.getLoc(), to, source);
      } else {
        auto buffer = InferConverter(from, to);
        if (!buffer)
          return cast.emitError("no converter leads from ")
                 << from << " to " << to << ": they speak of different data";
        value = builder.create<itensor::ConverterOp>(cast.getLoc(), to, source,
                                                     builder.getDenseI64ArrayAttr(buffer->shape),
                                                     builder.getI64IntegerAttr(buffer->shared_loops));
      }
    }
    cast.getResult(0).replaceAllUsesWith(value);
  }
  EraseIdleEnds(step);
  return success();
}

LogicalResult CheckConverterBudget(func::FuncOp step) {
  const dataflow::PlatformAttr platform = dataflow::PlatformOf(step);
  if (!platform) return success();
  int64_t total = 0;
  SmallVector<itensor::ConverterOp> converters;
  step.walk([&](itensor::ConverterOp op) {
    total += 2 * op.getBufferBytes();
    converters.push_back(op);
  });
  if (total <= platform.getOnChipBytes()) return success();
  auto diagnostic = step.emitError("converters take ")
                    << total << " bytes on chip, " << platform.getName() << " has room for "
                    << platform.getOnChipBytes() << "; fewer step tokens need less";
  for (itensor::ConverterOp op : converters)
    diagnostic.attachNote(op.getLoc()) << 2 * op.getBufferBytes() << " bytes from "
                                       << op.getSource().getType() << " to " << op.getResult().getType();
  return diagnostic;
}

void ForkUsers(func::FuncOp step) {
  SmallVector<Value> shared;
  auto collect = [&](Value value) {
    if (isa<ITensorType>(value.getType()) && !value.use_empty() && !value.hasOneUse())
      shared.push_back(value);
  };
  step.walk([&](Operation* op) {
    if (op->getParentOfType<dataflow::KernelOp>() || isa<itensor::ForkOp>(op)) return;
    for (Value result : op->getResults()) collect(result);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      for (Value argument : loop.getRegionIterArgs()) collect(argument);
  });
  for (Value value : shared) {
    SmallVector<OpOperand*> uses;
    for (OpOperand& use : value.getUses()) uses.push_back(&use);
    // In the order of their users, so that the same module always gives the same network.
    Block* block = value.getParentBlock();
    llvm::stable_sort(uses, [&](OpOperand* a, OpOperand* b) {
      if (a->getOwner() == b->getOwner()) return a->getOperandNumber() < b->getOperandNumber();
      Operation* left = block->findAncestorOpInBlock(*a->getOwner());
      Operation* right = block->findAncestorOpInBlock(*b->getOwner());
      if (left == right) return false;
      return left->isBeforeInBlock(right);
    });
    OpBuilder builder(value.getContext());
    builder.setInsertionPointAfterValue(value);
    SmallVector<Type> types(uses.size(), value.getType());
    auto fork = builder.create<itensor::ForkOp>(value.getLoc(), types, value);
    for (auto [use, copy] : llvm::zip_equal(uses, fork.getOutputs())) use->set(copy);
  }
}

}  // namespace streamtensor::compiler
