// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/kernel_merge.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"

namespace streamtensor::compiler {

using namespace mlir;
using itensor::ITensorType;

SmallVector<scf::ForOp> LoopsOf(dataflow::KernelOp kernel) {
  SmallVector<scf::ForOp> loops;
  for (Block* block = &kernel.getBody().front();;) {
    scf::ForOp inner;
    for (Operation& op : *block)
      if (auto loop = dyn_cast<scf::ForOp>(op)) inner = loop;
    if (!inner) return loops;
    loops.push_back(inner);
    block = inner.getBody();
  }
}

// A bound as text: a number or a symbol; empty for anything else.
static std::string boundKey(Value bound) {
  if (std::optional<int64_t> number = getConstantIntValue(bound)) return std::to_string(*number);
  if (auto extent = bound.getDefiningOp<dataflow::ExtentOp>()) return extent.getSymbol().str();
  return "";
}

bool SameLoops(dataflow::KernelOp a, dataflow::KernelOp b) {
  auto first = LoopsOf(a), second = LoopsOf(b);
  if (first.size() != second.size()) return false;
  for (auto [x, y] : llvm::zip_equal(first, second)) {
    std::string bound = boundKey(x.getUpperBound());
    if (bound.empty() || bound != boundKey(y.getUpperBound()) ||
        boundKey(x.getLowerBound()) != boundKey(y.getLowerBound()) ||
        boundKey(x.getStep()) != boundKey(y.getStep()))
      return false;
  }
  return true;
}

namespace {

// What the kernel writes into result `index`: the write in the innermost loop.
itensor::WriteOp writeOf(dataflow::KernelOp kernel, unsigned index) {
  Value value = kernel.getBody().front().getTerminator()->getOperand(index);
  while (auto loop = value.getDefiningOp<scf::ForOp>())
    value = loop.getYieldedValues()[cast<OpResult>(value).getResultNumber()];
  return value.getDefiningOp<itensor::WriteOp>();
}

class Merger {
 public:
  Merger(dataflow::KernelOp producer, dataflow::KernelOp consumer)
      : producer_(producer), consumer_(consumer) {}

  dataflow::KernelOp run() {
    chooseEnds();
    OpBuilder outside(consumer_);
    // The longer name says more: that of a weight rather than of an operation.
    StringRef label = consumer_.getLabel();
    if (producer_.getLabel().size() > label.size()) label = producer_.getLabel();
    merged_ = outside.create<dataflow::KernelOp>(consumer_.getLoc(), label, inputs_, outputTypes());
    for (auto [value, argument] : llvm::zip_equal(inputs_, merged_.getBody().getArguments()))
      arguments_[value] = argument;
    mapArguments(producer_);
    mapArguments(consumer_);

    OpBuilder b = OpBuilder::atBlockBegin(&merged_.getBody().front());
    cloneBefore(b, producer_);
    cloneBefore(b, consumer_);
    buildLoops(b);
    fillInnermost();
    finish();
    return merged_;
  }

 private:
  // Results of the producer that others use, too, then all of the consumer.
  void chooseEnds() {
    for (OpResult result : producer_->getResults()) {
      bool outside = llvm::any_of(result.getUsers(), [&](Operation* user) { return user != consumer_; });
      if (outside) outputs_.push_back({producer_, result.getResultNumber()});
    }
    for (OpResult result : consumer_->getResults()) outputs_.push_back({consumer_, result.getResultNumber()});
    llvm::SetVector<Value> inputs;
    inputs.insert(producer_.getInputs().begin(), producer_.getInputs().end());
    for (Value value : consumer_.getInputs())
      if (value.getDefiningOp() != producer_) inputs.insert(value);
    inputs_ = inputs.takeVector();
  }

  SmallVector<Type> outputTypes() {
    SmallVector<Type> types;
    for (auto [kernel, index] : outputs_) types.push_back(kernel->getResult(index).getType());
    return types;
  }

  void mapArguments(dataflow::KernelOp kernel) {
    for (auto [value, argument] : llvm::zip_equal(kernel.getInputs(), kernel.getBody().getArguments()))
      if (Value known = arguments_.lookup(value)) mapping_.map(argument, known);
  }

  // What stands before the loops: constants, extents, slices of memories.
  void cloneBefore(OpBuilder& b, dataflow::KernelOp kernel) {
    for (Operation& op : kernel.getBody().front())
      if (!isa<scf::ForOp, dataflow::YieldOp, itensor::EmptyOp>(op)) b.clone(op, mapping_);
  }

  void buildLoops(OpBuilder& b) {
    Location loc = merged_.getLoc();
    SmallVector<Value> carried;
    for (Type type : outputTypes()) carried.push_back(b.create<itensor::EmptyOp>(loc, type));
    auto outer = LoopsOf(producer_), other = LoopsOf(consumer_);
    for (auto [loop, second] : llvm::zip_equal(outer, other)) {
      auto merged = b.create<scf::ForOp>(loc, mapping_.lookup(loop.getLowerBound()),
                                         mapping_.lookup(loop.getUpperBound()),
                                         mapping_.lookup(loop.getStep()), carried);
      mapping_.map(loop.getInductionVar(), merged.getInductionVar());
      mapping_.map(second.getInductionVar(), merged.getInductionVar());
      loops_.push_back(merged);
      carried.assign(merged.getRegionIterArgs().begin(), merged.getRegionIterArgs().end());
      b.setInsertionPointToStart(merged.getBody());
    }
    destinations_ = carried;
  }

  Block* innermost(dataflow::KernelOp kernel) {
    auto loops = LoopsOf(kernel);
    return loops.empty() ? &kernel.getBody().front() : loops.back().getBody();
  }

  void fillInnermost() {
    OpBuilder b = loops_.empty() ? OpBuilder::atBlockEnd(&merged_.getBody().front())
                                 : OpBuilder::atBlockEnd(loops_.back().getBody());
    written_.assign(outputs_.size(), Value());
    cloneInnermost(b, producer_);
    // What the producer wrote, the consumer need not read.
    for (OpResult result : producer_->getResults())
      produced_[result] = mapping_.lookup(writeOf(producer_, result.getResultNumber()).getValue());
    cloneInnermost(b, consumer_);
  }

  void cloneInnermost(OpBuilder& b, dataflow::KernelOp kernel) {
    for (Operation& op : *innermost(kernel)) {
      if (op.hasTrait<OpTrait::IsTerminator>()) continue;
      if (auto read = dyn_cast<itensor::ReadOp>(op)) {
        Value source = kernel.getInputs()[cast<BlockArgument>(read.getSource()).getArgNumber()];
        Value& value = source.getDefiningOp() == producer_ ? produced_[source] : read_[source];
        if (!value) value = b.clone(op, mapping_)->getResult(0);
        mapping_.map(read.getResult(), value);
        continue;
      }
      if (auto write = dyn_cast<itensor::WriteOp>(op)) {
        for (auto [position, output] : llvm::enumerate(outputs_)) {
          if (output.first != kernel || writeOf(kernel, output.second) != write) continue;
          written_[position] =
              b.create<itensor::WriteOp>(op.getLoc(), destinations_[position].getType(),
                                         mapping_.lookup(write.getValue()), destinations_[position]);
        }
        continue;
      }
      if (loops_.empty() && mapping_.contains(&op)) continue;
      b.clone(op, mapping_);
    }
  }

  void finish() {
    Location loc = merged_.getLoc();
    SmallVector<Value> values = written_;
    for (scf::ForOp loop : llvm::reverse(loops_)) {
      OpBuilder::atBlockEnd(loop.getBody()).create<scf::YieldOp>(loc, values);
      values.assign(loop.getResults().begin(), loop.getResults().end());
    }
    OpBuilder::atBlockEnd(&merged_.getBody().front()).create<dataflow::YieldOp>(loc, values);
    for (auto [position, output] : llvm::enumerate(outputs_)) {
      Value merged = merged_.getResult(position);
      output.first->getResult(output.second).replaceUsesWithIf(merged, [&](OpOperand& use) {
        return use.getOwner() != consumer_;
      });
    }
    consumer_.erase();
    producer_.erase();
  }

  dataflow::KernelOp producer_, consumer_, merged_;
  SmallVector<Value> inputs_;
  SmallVector<std::pair<dataflow::KernelOp, unsigned>> outputs_;
  llvm::DenseMap<Value, Value> arguments_;  // of the merged kernel, by what is given
  IRMapping mapping_;
  SmallVector<scf::ForOp> loops_;
  SmallVector<Value> destinations_, written_;
  llvm::DenseMap<Value, Value> produced_, read_;  // elements, by itensor
};

// Gives the value's itensor another type, through all loops that carry it.
void retype(Value value, ITensorType type) {
  if (value.getType() == type) return;
  value.setType(type);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (!loop) return;
    unsigned index = argument.getArgNumber() - 1;
    retype(loop.getInitArgs()[index], type);
    return;
  }
  Operation* op = value.getDefiningOp();
  if (auto write = dyn_cast<itensor::WriteOp>(op)) return retype(write.getDest(), type);
  auto loop = dyn_cast<scf::ForOp>(op);
  if (!loop) return;
  unsigned index = cast<OpResult>(value).getResultNumber();
  retype(loop.getYieldedValues()[index], type);
  retype(loop.getRegionIterArgs()[index], type);
  retype(loop.getInitArgs()[index], type);
}

// `value`, an element, in the shape that `to` gives it; `groups` as the reassociate has them.
Value reshape(OpBuilder& b, Location loc, Value value, RankedTensorType to, ArrayAttr groups) {
  SmallVector<ReassociationIndices> indices;
  for (Attribute group : groups) {
    ReassociationIndices list;
    for (Attribute index : cast<ArrayAttr>(group)) list.push_back(cast<IntegerAttr>(index).getInt());
    indices.push_back(list);
  }
  if (to.getRank() >= cast<RankedTensorType>(value.getType()).getRank())
    return b.create<tensor::ExpandShapeOp>(loc, to, value, indices);
  return b.create<tensor::CollapseShapeOp>(loc, to, value, indices);
}

}  // namespace

dataflow::KernelOp MergeKernels(dataflow::KernelOp producer, dataflow::KernelOp consumer) {
  return Merger(producer, consumer).run();
}

void AbsorbSourceShape(dataflow::KernelOp kernel, unsigned index) {
  auto shape = kernel.getInputs()[index].getDefiningOp<itensor::ReassociateOp>();
  BlockArgument argument = kernel.getBody().getArgument(index);
  auto type = cast<ITensorType>(shape.getSource().getType());
  kernel->setOperand(index, shape.getSource());
  argument.setType(type);
  for (Operation* user : llvm::make_early_inc_range(argument.getUsers())) {
    auto read = cast<itensor::ReadOp>(user);
    OpBuilder b(read);
    Value element = b.create<itensor::ReadOp>(read.getLoc(), argument);
    Value shaped = reshape(b, read.getLoc(), element, cast<RankedTensorType>(read.getValue().getType()),
                           shape.getReassociation());
    read.getValue().replaceAllUsesWith(shaped);
    read.erase();
  }
}

void AbsorbResultShape(dataflow::KernelOp kernel, unsigned index) {
  auto shape = cast<itensor::ReassociateOp>(*kernel->getResult(index).getUsers().begin());
  auto type = cast<ITensorType>(shape.getResult().getType());
  itensor::WriteOp write = writeOf(kernel, index);
  OpBuilder b(write);
  Value value =
      reshape(b, write.getLoc(), write.getValue(), type.getElementTensorType(), shape.getReassociation());
  write.getValueMutable().assign(value);
  retype(kernel.getBody().front().getTerminator()->getOperand(index), type);
  kernel->getResult(index).setType(type);
  shape.getResult().replaceAllUsesWith(kernel->getResult(index));
  shape.erase();
}

}  // namespace streamtensor::compiler
