// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/itensor_converter.h"
#include "compiler/dialects/itensor/ITensorDialect.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "compiler/dialects/itensor/ITensorOps.cpp.inc"

namespace streamtensor::compiler::itensor {

void ReadOp::build(OpBuilder& builder, OperationState& state, Value source) {
  build(builder, state, cast<ITensorType>(source.getType()).getElementTensorType(), source);
}

LogicalResult ReadOp::verify() {
  Type expected = getSource().getType().getElementTensorType();
  if (getValue().getType() != expected)
    return emitOpError("must take one element, ") << expected << ", got " << getValue().getType();
  return success();
}

LogicalResult WriteOp::verify() {
  Type expected = getDest().getType().getElementTensorType();
  if (getValue().getType() != expected)
    return emitOpError("must put one element, ") << expected << ", got " << getValue().getType();
  return success();
}

LogicalResult CastOp::verify() {
  if (getSource().getType().getCanonical() != getResult().getType().getCanonical())
    return emitOpError("types visit their data in different orders: ")
           << getSource().getType() << " and " << getResult().getType() << "; only a converter can join them";
  return success();
}

LogicalResult ReassociateOp::verify() {
  ITensorType source = getSource().getType(), result = getResult().getType();
  if (source.getElementType() != result.getElementType() ||
      source.getElementSize() != result.getElementSize())
    return emitOpError("elements must hold the same scalars: ")
           << source.getElementTensorType() << " and " << result.getElementTensorType();
  if (source.getTripBounds() != result.getTripBounds() || source.getTripSymbols() != result.getTripSymbols())
    return emitOpError("trip counts must stay as they are: ") << source << " and " << result;
  // Indices of the shape with more dimensions, grouped for each dimension of the other.
  bool expands = result.getDataRank() > source.getDataRank();
  ITensorType wide = expands ? result : source, narrow = expands ? source : result;
  auto groups = getReassociation();
  if (static_cast<int64_t>(groups.size()) != narrow.getDataRank())
    return emitOpError("needs a group for each of the ")
           << narrow.getDataRank() << " dimensions of " << narrow;
  int64_t next = 0;
  for (auto [dim, group] : llvm::enumerate(groups)) {
    int64_t product = 1, element = 1;
    for (Attribute index : cast<ArrayAttr>(group)) {
      int64_t position = cast<IntegerAttr>(index).getInt();
      if (position != next++ || position >= wide.getDataRank())
        return emitOpError("groups must count the ")
               << wide.getDataRank() << " dimensions of " << wide << " in order, got " << position;
      product *= wide.getDataBounds()[position];
      element *= wide.getElementShape()[position];
    }
    if (product != narrow.getDataBounds()[dim] || element != narrow.getElementShape()[dim])
      return emitOpError("group ") << dim << " covers " << product << " (elements of " << element << "), but "
                                   << narrow << " has " << narrow.getDataBounds()[dim] << " (elements of "
                                   << narrow.getElementShape()[dim] << ") there";
  }
  if (next != wide.getDataRank()) return emitOpError("groups leave dimensions of ") << wide << " out";
  return success();
}

int64_t ConverterOp::getBufferBytes() {
  int64_t scalars = 1;
  for (int64_t extent : getBuffer()) scalars *= extent;
  return scalars * ((getSource().getType().getElementType().getIntOrFloatBitWidth() + 7) / 8);
}

LogicalResult ConverterOp::verify() {
  ITensorType source = getSource().getType(), result = getResult().getType();
  auto least = InferConverter(source, result);
  if (!least) return emitOpError("types describe different data: ") << source << " and " << result;
  auto buffer = ConverterBufferFor(source, result, getSharedLoops());
  if (!buffer)
    return emitOpError("the orders do not share ")
           << getSharedLoops() << " outer loops over the same data; they share " << least->shared_loops;
  if (ArrayRef<int64_t>(buffer->shape) != getBuffer()) {
    auto diagnostic = emitOpError("with ") << getSharedLoops() << " shared loops the buffer must be ";
    llvm::interleave(buffer->shape, diagnostic, "x");
    diagnostic << ", got ";
    llvm::interleave(getBuffer(), diagnostic, "x");
    return diagnostic;
  }
  return success();
}

// `parts` put one after another along `dim` make `whole`.
static LogicalResult verifyParts(Operation* op, ITensorType whole, TypeRange parts, int64_t dim) {
  if (parts.empty()) return op->emitOpError("needs at least one part");
  if (dim < 0 || dim >= whole.getDataRank())
    return op->emitOpError("has no data dimension ") << dim << " in " << whole;
  if (whole.getNumLoops() == 0 || whole.getDimOfLoop(0) != dim || whole.isSymbolic(0))
    return op->emitOpError("needs a static outermost loop that advances dimension ")
           << dim << ", got " << whole;
  int64_t trips = 0;
  for (Type type : parts) {
    auto part = cast<ITensorType>(type);
    SmallVector<int64_t> bounds(part.getTripBounds());
    if (bounds.empty() || part.isSymbolic(0))
      return op->emitOpError("needs a static outermost loop that advances dimension ")
             << dim << ", got " << part;
    trips += bounds[0];
    bounds[0] = whole.getTripBounds()[0];
    if (ITensorType::get(part.getContext(), part.getElementShape(), part.getElementType(), bounds,
                         part.getTripSymbols(), part.getSteps(), part.getMap()) != whole)
      return op->emitOpError("a part may differ in its outermost trip count only: ")
             << part << " of " << whole;
  }
  if (trips != whole.getTripBounds()[0])
    return op->emitOpError("outermost trip counts of the parts add up to ")
           << trips << ", not " << whole.getTripBounds()[0];
  return success();
}

LogicalResult ChunkOp::verify() {
  return verifyParts(*this, getSource().getType(), getOutputs().getTypes(), getDim());
}

LogicalResult ConcatOp::verify() {
  return verifyParts(*this, getResult().getType(), getInputs().getTypes(), getDim());
}

ParseResult ForkOp::parse(OpAsmParser& parser, OperationState& state) {
  OpAsmParser::UnresolvedOperand source;
  Type type;
  int64_t count = 0;
  auto location = parser.getCurrentLocation();
  if (parser.parseOperand(source) || parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonType(type) || parser.parseKeyword("to") || parser.parseInteger(count) ||
      parser.resolveOperand(source, type, state.operands))
    return failure();
  if (count < 2 || count > 1024)
    return parser.emitError(location, "must copy to 2..1024 results, got ") << count;
  state.addTypes(SmallVector<Type>(count, type));
  return success();
}

void ForkOp::print(OpAsmPrinter& printer) {
  printer << ' ' << getSource();
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : " << getSource().getType() << " to " << getNumResults();
}

LogicalResult ForkOp::verify() {
  if (getNumResults() < 2) return emitOpError("must have at least two results");
  for (Type type : getResultTypes())
    if (type != getSource().getType())
      return emitOpError("results must have the source's type ") << getSource().getType() << ", got " << type;
  return success();
}

LogicalResult JoinOp::verify() {
  if (getInputs().size() < 2) return emitOpError("must have at least two inputs");
  auto part = cast<ITensorType>(getInputs().front().getType());
  for (Type type : getInputs().getTypes())
    if (type != part) return emitOpError("inputs must have one type, got ") << part << " and " << type;
  ITensorType result = getResult().getType();
  if (result.getElementShape() != part.getElementShape() ||
      result.getElementType() != part.getElementType() || result.getNumLoops() != part.getNumLoops() + 1 ||
      result.isSymbolic(part.getNumLoops()) ||
      result.getTripBounds().back() != static_cast<int64_t>(getInputs().size()) ||
      result.getTripBounds().drop_back() != part.getTripBounds() ||
      result.getTripSymbols().drop_back() != part.getTripSymbols() ||
      result.getDimOfLoop(part.getNumLoops()) < 0)
    return emitOpError("result must have the inputs' loops and one of ")
           << getInputs().size() << " trips inside them that advances the data, got " << result;
  for (unsigned loop = 0; loop < part.getNumLoops(); ++loop)
    if (result.getDimOfLoop(loop) != part.getDimOfLoop(loop))
      return emitOpError("loop d") << loop << " must advance the same dimension in inputs and result, got "
                                   << part << " and " << result;
  return success();
}

}  // namespace streamtensor::compiler::itensor
