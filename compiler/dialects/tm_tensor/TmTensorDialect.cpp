// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/tm_tensor/TmTensorDialect.h"

#include "compiler/dialects/tm_tensor/TmTensorDialect.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialects/tm_tensor/TmTensorOps.cpp.inc"

namespace streamtensor::compiler::tm_tensor {
namespace {

using mlir::LogicalResult;
using mlir::RankedTensorType;
using mlir::Type;
using mlir::Value;

RankedTensorType TensorOf(Value value) { return llvm::cast<RankedTensorType>(value.getType()); }

// The results are the outputs, written; the region takes and yields what is said.
LogicalResult Check(mlir::Operation* op, mlir::ValueRange outputs, llvm::ArrayRef<Type> arguments,
                    llvm::ArrayRef<Type> yields) {
  if (op->getResultTypes() != outputs.getTypes()) return op->emitOpError("has results unlike its outputs");
  mlir::Block& block = op->getRegion(0).front();
  if (block.getArgumentTypes() != mlir::TypeRange(arguments))
    return op->emitOpError("has a region of other arguments than its elements");
  auto yield = block.empty() ? YieldOp() : llvm::dyn_cast<YieldOp>(block.back());
  if (!yield || yield.getOperandTypes() != mlir::TypeRange(yields))
    return op->emitOpError("has a region that yields other types than expected");
  return mlir::success();
}

}  // namespace

void TmTensorDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "compiler/dialects/tm_tensor/TmTensorOps.cpp.inc"
      >();
}

LogicalResult ScanOp::verify() {
  if (getInputs().size() != 1 || getOutputs().size() != 2)
    return emitOpError("expects one input and two outputs");
  const RankedTensorType input = TensorOf(getInputs()[0]), output = TensorOf(getOutputs()[0]);
  const RankedTensorType accumulator = TensorOf(getOutputs()[1]);
  const auto dimension = static_cast<int64_t>(getDimension());
  if (dimension < 0 || dimension >= input.getRank())
    return emitOpError("scans a dimension that its input lacks");
  if (input.getRank() != output.getRank() || accumulator.getRank() != input.getRank() - 1)
    return emitOpError("has outputs of other ranks than its input's");
  const Type element = output.getElementType();
  if (input.getElementType() != element || accumulator.getElementType() != element)
    return emitOpError("has operands of several element types");
  return Check(*this, getOutputs(), {element, element}, {element});
}

LogicalResult SortOp::verify() {
  if (!getInputs().empty() || getOutputs().empty()) return emitOpError("expects outputs and no inputs");
  llvm::SmallVector<Type> arguments;
  const RankedTensorType first = TensorOf(getOutputs()[0]);
  const auto dimension = static_cast<int64_t>(getDimension());
  if (dimension < 0 || dimension >= first.getRank())
    return emitOpError("sorts a dimension that its output lacks");
  for (Value output : getOutputs()) {
    if (TensorOf(output).getShape() != first.getShape()) return emitOpError("has outputs of several shapes");
    arguments.append(2, TensorOf(output).getElementType());
  }
  return Check(*this, getOutputs(), arguments, {mlir::IntegerType::get(getContext(), 1)});
}

LogicalResult ScatterOp::verify() {
  if (getInputs().size() != 2 || getOutputs().size() != 1)
    return emitOpError("expects updates and indices, and one output");
  const RankedTensorType updates = TensorOf(getInputs()[0]), indices = TensorOf(getInputs()[1]);
  const RankedTensorType output = TensorOf(getOutputs()[0]);
  if (updates.getRank() < 1 || indices.getRank() != 2 || !indices.getElementType().isSignlessInteger() ||
      indices.getDimSize(1) != static_cast<int64_t>(getDimensionMap().size()))
    return emitOpError("expects indices [n, depth] of integers, and a dimension for each of the depth");
  llvm::SmallBitVector mapped(static_cast<unsigned>(output.getRank()));
  for (const int64_t dimension : getDimensionMap()) {
    if (dimension < 0 || dimension >= output.getRank() || mapped.test(static_cast<unsigned>(dimension)))
      return emitOpError("has a dimension_map that names a dimension twice, or one that its output lacks");
    mapped.set(static_cast<unsigned>(dimension));
  }
  if (updates.getElementType() != output.getElementType())
    return emitOpError("has operands of several element types");
  const Type element = output.getElementType();
  return Check(*this, getOutputs(), {element, element}, {element});
}

}  // namespace streamtensor::compiler::tm_tensor
