// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/kernel_builder.h"

#include "llvm/ADT/SetVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

namespace streamtensor::compiler {

using namespace mlir;
using itensor::ITensorType;

std::string LabelOfMemories(Operation* op) {
  llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  for (Value value : values) {
    if (!isa<RankedTensorType>(value.getType())) continue;
    BlockArgument root = StepFunction::MemoryRoot(value);
    if (!root) continue;
    std::string name = StepFunction::ArgumentAttr(root, dataflow::kWeightAttr);
    if (name.empty()) continue;
    SmallVector<StringRef> parts;
    StringRef(name).split(parts, '.');
    std::string label;
    for (StringRef part : parts) {
      if (part == "blk" || part == "{layer}" || part == "weight") continue;
      if (!label.empty()) label += '_';
      for (char c : part) label += llvm::isAlnum(c) ? c : '_';
    }
    if (!label.empty()) return label;
  }
  return "";
}

Value ConvertElements(OpBuilder& b, Location loc, Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType() == element) return value;
  auto to = RankedTensorType::get(type.getShape(), element);
  Value empty = b.create<tensor::EmptyOp>(loc, to.getShape(), element);
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  bool widens = type.getElementTypeBitWidth() < to.getElementTypeBitWidth();
  return b
      .create<linalg::GenericOp>(
          loc, to, value, empty, ArrayRef<AffineMap>{identity, identity}, iterators,
          [&](OpBuilder& nested, Location at, ValueRange args) {
            Value converted = widens ? nested.create<arith::ExtFOp>(at, element, args[0]).getResult()
                                     : nested.create<arith::TruncFOp>(at, element, args[0]).getResult();
            nested.create<linalg::YieldOp>(at, converted);
          })
      .getResult(0);
}

KernelBuilder::KernelBuilder(Operation* op, StringRef label, const StepFunction& step)
    : op_(op),
      loc_(op->getLoc()),
      step_(step),
      label_(label),
      entry_(op->getContext()),
      body_(op->getContext()) {}

void KernelBuilder::Begin(ArrayRef<ITensorType> outputs, ArrayRef<LoopShape> nest) {
  OpBuilder outside(op_);
  SmallVector<Type> types(outputs.begin(), outputs.end());
  kernel_ = outside.create<dataflow::KernelOp>(loc_, label_, ValueRange(), types);
  OpBuilder b = OpBuilder::atBlockBegin(&kernel_.getBody().front());
  SmallVector<Value> carried;
  for (ITensorType type : outputs) carried.push_back(b.create<itensor::EmptyOp>(loc_, type));
  Value zero = b.create<arith::ConstantIndexOp>(loc_, 0);
  SmallVector<Value> bounds, steps;
  for (const LoopShape& loop : nest) {
    bounds.push_back(
        loop.extent.symbol.empty()
            ? b.create<arith::ConstantIndexOp>(loc_, loop.extent.bound).getResult()
            : b.create<dataflow::ExtentOp>(loc_, b.getIndexType(), loop.extent.symbol).getResult());
    steps.push_back(b.create<arith::ConstantIndexOp>(loc_, loop.step));
  }
  entry_ = b;
  for (auto [bound, step] : llvm::zip_equal(bounds, steps)) {
    auto loop = b.create<scf::ForOp>(loc_, zero, bound, step, carried);
    // Imports go before the outermost loop.
    if (loops_.empty()) entry_.setInsertionPoint(loop);
    loops_.push_back(loop);
    inductions_.push_back(loop.getInductionVar());
    carried.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    b.setInsertionPointToStart(loop.getBody());
  }
  destinations_ = carried;
  written_.resize(outputs.size());
  body_ = b;
}

Value KernelBuilder::addInput(Value value) {
  Value& argument = inputs_[value];
  if (argument) return argument;
  kernel_->insertOperands(kernel_->getNumOperands(), value);
  argument = kernel_.getBody().addArgument(value.getType(), loc_);
  return argument;
}

Value KernelBuilder::Read(Value itensor, Value source, Type element) {
  Value& value = read_[{source, itensor.getType()}];
  if (!value) {
    value = body_.create<itensor::ReadOp>(loc_, addInput(itensor));
  } else if (itensor.use_empty()) {
    // A second cast of what is read already.
    itensor.getDefiningOp()->erase();
  }
  return ConvertElements(body_, loc_, value, element);
}

bool KernelBuilder::IsInitial(Value value) {
  Operation* op = value.getDefiningOp();
  if (!op) return false;
  if (isa<tensor::EmptyOp, linalg::FillOp>(op)) return true;
  return isa<tensor::ExtractSliceOp>(op) && IsInitial(op->getOperand(0));
}

Value KernelBuilder::MakeEmpty(RankedTensorType tile) {
  return body_.create<tensor::EmptyOp>(loc_, tile.getShape(), tile.getElementType());
}

FailureOr<Value> KernelBuilder::MakeInitial(Value value, RankedTensorType tile) {
  while (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>()) value = slice.getSource();
  Value empty = MakeEmpty(tile);
  auto fill = value.getDefiningOp<linalg::FillOp>();
  if (!fill) return empty;
  FailureOr<Value> scalar = Import(fill.getInputs()[0]);
  if (failed(scalar)) return failure();
  return body_.create<linalg::FillOp>(loc_, *scalar, empty).getResult(0);
}

FailureOr<Value> KernelBuilder::Import(Value value) {
  if (Value known = imported_.lookup(value)) return known;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    bool is_layer = isa<scf::ForOp>(argument.getOwner()->getParentOp()) && argument.getArgNumber() == 0;
    if (!is_layer && !StepFunction::IsMemory(value))
      return op_->emitError("looks up argument ")
             << argument.getArgNumber()
             << " by index, but it is neither a weight nor a field of the descriptor";
    return imported_[value] = addInput(value);
  }
  Operation* producer = value.getDefiningOp();
  if (auto dim = dyn_cast<tensor::DimOp>(producer)) {
    std::optional<Rows> rows = step_.GetRows(dim.getSource());
    if (rows && dim.getConstantIndex() == 0 && !rows->symbol.empty())
      return imported_[value] =
                 entry_.create<dataflow::ExtentOp>(loc_, entry_.getIndexType(), rows->symbol).getResult();
  }
  bool clonable = isa<arith::ConstantOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
                      tensor::CollapseShapeOp, tensor::CastOp>(producer) ||
                  (isa<arith::ArithDialect>(producer->getDialect()) && !isa<ShapedType>(value.getType()));
  if (!clonable)
    return op_->emitError("indexes into a streamed value (made by ") << producer->getName() << ")";
  IRMapping mapping;
  for (Value operand : producer->getOperands()) {
    FailureOr<Value> imported = Import(operand);
    if (failed(imported)) return failure();
    mapping.map(operand, *imported);
  }
  Operation* clone = entry_.clone(*producer, mapping);
  return imported_[value] = clone->getResult(cast<OpResult>(value).getResultNumber());
}

FailureOr<bool> KernelBuilder::ImportCaptures(Region& region, IRMapping& mapping) {
  llvm::SetVector<Value> captures;
  getUsedValuesDefinedAbove(region, region, captures);
  for (Value capture : captures) {
    FailureOr<Value> imported = Import(capture);
    if (failed(imported)) return failure();
    mapping.map(capture, *imported);
  }
  return !captures.empty();
}

Value KernelBuilder::Slice(Value memory, RankedTensorType tile, ArrayRef<int> loops) {
  if (memory.getType() == tile && llvm::all_of(loops, [](int loop) { return loop < 0; })) return memory;
  SmallVector<OpFoldResult> offsets, sizes, strides(tile.getRank(), body_.getIndexAttr(1));
  for (auto [extent, loop] : llvm::zip_equal(tile.getShape(), loops)) {
    offsets.push_back(loop < 0 ? OpFoldResult(body_.getIndexAttr(0)) : OpFoldResult(inductions_[loop]));
    sizes.push_back(body_.getIndexAttr(extent));
  }
  return body_.create<tensor::ExtractSliceOp>(loc_, tile, memory, offsets, sizes, strides);
}

void KernelBuilder::Write(unsigned index, Value value) {
  auto type = cast<ITensorType>(destinations_[index].getType());
  value = ConvertElements(body_, loc_, value, type.getElementType());
  written_[index] = body_.create<itensor::WriteOp>(loc_, type, value, destinations_[index]);
}

dataflow::KernelOp KernelBuilder::End() {
  SmallVector<Value> values = written_;
  for (scf::ForOp loop : llvm::reverse(loops_)) {
    OpBuilder b = OpBuilder::atBlockEnd(loop.getBody());
    b.create<scf::YieldOp>(loc_, values);
    values.assign(loop.getResults().begin(), loop.getResults().end());
  }
  OpBuilder b = OpBuilder::atBlockEnd(&kernel_.getBody().front());
  b.create<dataflow::YieldOp>(loc_, values);
  return kernel_;
}

}  // namespace streamtensor::compiler
