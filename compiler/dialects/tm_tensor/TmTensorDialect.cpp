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

LogicalResult TopkOp::verify() {
  if (getInputs().empty() || getInputs().size() > 2 || getOutputs().size() != 2)
    return emitOpError("expects values and perhaps their numbers, and an output for each of the two");
  const RankedTensorType values = TensorOf(getInputs()[0]), first = TensorOf(getOutputs()[0]);
  const RankedTensorType numbers = TensorOf(getOutputs()[1]);
  const auto dimension = static_cast<int64_t>(getDimension());
  if (dimension < 0 || dimension >= values.getRank())
    return emitOpError("takes the first along a dimension that its input lacks");
  if (first.getShape() != numbers.getShape() || first.getRank() != values.getRank())
    return emitOpError("has outputs of other shapes than its input's");
  for (int64_t d = 0; d < values.getRank(); ++d) {
    const int64_t from = values.getDimSize(d), to = first.getDimSize(d);
    if (d == dimension ? mlir::ShapedType::isDynamic(from) || mlir::ShapedType::isDynamic(to) || to > from
                       : from != to)
      return emitOpError("takes ") << to << " of " << from << " elements of dimension " << d;
  }
  if (values.getElementType() != first.getElementType() || !numbers.getElementType().isSignlessInteger())
    return emitOpError("expects outputs of the values' type and of integers");
  if (getInputs().size() == 2 && TensorOf(getInputs()[1]) != numbers.clone(values.getShape()))
    return emitOpError("expects a number of the output's type for each value");
  const Type element = values.getElementType();
  return Check(*this, getOutputs(), {element, element}, {mlir::IntegerType::get(getContext(), 1)});
}

LogicalResult AttentionOp::verify() {
  if (getInputs().size() < 3 || getInputs().size() > 4 || getOutputs().size() != 1)
    return emitOpError("expects queries, keys, values and perhaps a mask, and one output");
  if (getResultTypes() != getOutputs().getTypes()) return emitOpError("has results unlike its outputs");
  const RankedTensorType q = TensorOf(getInputs()[0]), k = TensorOf(getInputs()[1]);
  const RankedTensorType v = TensorOf(getInputs()[2]), output = TensorOf(getOutputs()[0]);
  const int64_t rank = q.getRank();
  if (rank < 2 || k.getRank() != rank || v.getRank() != rank)
    return emitOpError("expects [batch..., rows, columns] of one rank");
  const llvm::ArrayRef<int64_t> batch = q.getShape().drop_back(2);
  const int64_t n = q.getShape()[rank - 2], m = k.getShape()[rank - 2];
  auto is = [&](RankedTensorType type, int64_t rows, int64_t columns) {
    return type.getRank() == rank && type.getShape().drop_back(2) == batch &&
           type.getShape()[rank - 2] == rows && type.getShape()[rank - 1] == columns;
  };
  if (!is(k, m, q.getShape().back()) || !is(v, m, v.getShape().back()) || !is(output, n, v.getShape().back()))
    return emitOpError("has queries, keys, values and an output whose sizes don't fit");
  const Type element = q.getElementType();
  if (!llvm::isa<mlir::FloatType>(element) || k.getElementType() != element ||
      v.getElementType() != element || output.getElementType() != element)
    return emitOpError("has operands of several element types");
  if (getInputs().size() == 3) return mlir::success();
  const RankedTensorType mask = TensorOf(getInputs()[3]);
  if (!is(mask, n, m)) return emitOpError("has a mask whose sizes don't fit");
  if (mask.getElementType() != element && !mask.getElementType().isInteger(1))
    return emitOpError("expects a mask of booleans or of the queries' type");
  return mlir::success();
}

}  // namespace streamtensor::compiler::tm_tensor
