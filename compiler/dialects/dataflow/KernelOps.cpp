// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/tiles.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace streamtensor::compiler::dataflow {

void KernelOp::build(OpBuilder& builder, OperationState& state, StringRef label, ValueRange inputs,
                     TypeRange outputs) {
  state.addOperands(inputs);
  state.addTypes(outputs);
  state.getOrAddProperties<Properties>().label = builder.getStringAttr(label);
  Block& block = state.addRegion()->emplaceBlock();
  for (Value input : inputs) block.addArgument(input.getType(), input.getLoc());
}

ParseResult KernelOp::parse(OpAsmParser& parser, OperationState& state) {
  std::string label;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> results;
  if (parser.parseString(&label)) return failure();
  state.getOrAddProperties<Properties>().label = parser.getBuilder().getStringAttr(label);
  auto parseOperand = [&]() -> ParseResult {
    auto& argument = arguments.emplace_back();
    return failure(parser.parseArgument(argument) || parser.parseEqual() ||
                   parser.parseOperand(operands.emplace_back()) || parser.parseColonType(argument.type));
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOperand)) return failure();
  if (succeeded(parser.parseOptionalArrow()) && parser.parseTypeList(results)) return failure();
  if (parser.parseOptionalAttrDictWithKeyword(state.attributes)) return failure();
  for (auto [operand, argument] : llvm::zip_equal(operands, arguments))
    if (parser.resolveOperand(operand, argument.type, state.operands)) return failure();
  state.addTypes(results);
  return parser.parseRegion(*state.addRegion(), arguments);
}

void KernelOp::print(OpAsmPrinter& printer) {
  printer << " \"" << getLabel() << "\" (";
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    printer << std::get<0>(pair) << " = " << std::get<1>(pair) << " : " << std::get<1>(pair).getType();
  });
  printer << ')';
  if (getNumResults() > 0) {
    printer << " -> ";
    llvm::interleaveComma(getResultTypes(), printer);
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"label"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

// A body's yield gives values of these types.
static LogicalResult verifyYield(Operation* op, Block& block, TypeRange expected) {
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield) return op->emitOpError("body must end in dataflow.yield");
  if (yield.getValues().getTypes() != expected)
    return op->emitOpError("body yields ") << yield.getValues().getTypes() << ", expected " << expected;
  return success();
}

// Elements that the reads of `argument` take in one iteration of its type's symbolic loop, or in all; nullopt
// where a loop has no constant trip count. A line buffer reads in several places: to fill, in its loop, and
// what is left.
static std::optional<int64_t> elementsRead(BlockArgument argument) {
  int64_t total = 0;
  for (Operation* user : argument.getUsers()) {
    int64_t reads = 1;
    for (Operation* parent = user->getParentOp(); !isa<KernelOp>(parent); parent = parent->getParentOp()) {
      auto loop = dyn_cast<scf::ForOp>(parent);
      if (!loop) return std::nullopt;
      if (loop.getUpperBound().getDefiningOp<ExtentOp>()) continue;
      auto lower = getConstantIntValue(loop.getLowerBound()),
           upper = getConstantIntValue(loop.getUpperBound()), step = getConstantIntValue(loop.getStep());
      if (!lower || !upper || !step || *step < 1) return std::nullopt;
      reads *= std::max<int64_t>((*upper - *lower + *step - 1) / *step, 0);
    }
    total += reads;
  }
  return total;
}

// Whether all reads of an operand together take each element once.
static bool readsOnce(BlockArgument argument) {
  if (argument.use_empty() || argument.hasOneUse()) return true;
  auto type = cast<itensor::ITensorType>(argument.getType());
  int64_t elements = 1;
  for (unsigned loop = 0; loop < type.getNumLoops(); ++loop)
    if (!type.isSymbolic(loop)) elements *= type.getTripBounds()[loop];
  return elementsRead(argument) == elements;
}

LogicalResult KernelOp::verify() {
  if (getBody().getArgumentTypes() != getInputs().getTypes())
    return emitOpError("body takes (")
           << getBody().getArgumentTypes() << "), but is given (" << getInputs().getTypes() << ")";
  for (Value input : getInputs())
    if (!isa<itensor::ITensorType, RankedTensorType, IndexType>(input.getType()))
      return emitOpError("takes itensors, tensors and indices, got ") << input.getType();
  for (Type type : getResultTypes())
    if (!isa<itensor::ITensorType>(type)) return emitOpError("gives itensors, got ") << type;
  // A process has one end of a stream: each element is read once.
  for (BlockArgument argument : getBody().getArguments())
    if (isa<itensor::ITensorType>(argument.getType()) && !readsOnce(argument))
      return emitOpError("reads operand ") << argument.getArgNumber() << " in more than one place; fork it";
  return verifyYield(*this, getBody().front(), getResultTypes());
}

LogicalResult YieldOp::verify() {
  Operation* parent = (*this)->getParentOp();
  if (isa<KernelOp, ProcessOpInterface>(parent)) return success();
  return emitOpError("ends the body of a kernel or a process, not of ") << parent->getName();
}

LogicalResult EngineOp::verify() {
  if (getSlots() < 1 || getSlots() > contract::kMaxFrameSlots)
    return emitOpError("slots must be 1..") << contract::kMaxFrameSlots << ", got " << getSlots();
  return success();
}

int64_t IssueOp::getInner() {
  auto q = cast<ShapedType>(getQ().front().getType());
  return q.getDimSize(1) * q.getDimSize(2);
}

int64_t IssueOp::getScaleGroups() {
  return cast<ShapedType>(getQ().front().getType()).getDimSize(2) / contract::kGroupElements;
}

int64_t IssueOp::getTiles(unsigned index) {
  return (cast<ShapedType>(getQ()[index].getType()).getDimSize(0) + contract::kTileRows - 1) /
         contract::kTileRows;
}

// The loop that counts an itensor's rows, or -1.
static int rowLoop(itensor::ITensorType type) {
  for (unsigned loop = 0; loop < type.getNumLoops(); ++loop)
    if (type.getDimOfLoop(loop) == 0) return static_cast<int>(loop);
  return -1;
}

itensor::ITensorType IssueOp::getExpectedType(unsigned index) {
  auto activations = getActivations().getType();
  auto context = getContext();
  int rows = rowLoop(activations);
  auto d0 = getAffineDimExpr(0, context), d1 = getAffineDimExpr(1, context);
  return itensor::ITensorType::get(context, {1, contract::kTileRows}, Float32Type::get(context),
                                   {getTiles(index), activations.getTripBounds()[rows]},
                                   {StringAttr::get(context, ""), activations.getTripSymbols()[rows]},
                                   {contract::kTileRows, 1}, AffineMap::get(2, 0, {d1, d0}, context));
}

// Whole rows, one after another, or the engine's own order: 16 columns of one row, rows inside.
static bool isIssueOrder(itensor::ITensorType type, int64_t inner) {
  if (!type.getElementType().isF32() || type.getDataRank() != 2 || type.getElementShape()[0] != 1)
    return false;
  int rows = rowLoop(type);
  if (rows < 0 || type.getSteps()[rows] != 1) return false;
  if (type.getNumLoops() == 1) return type.getElementShape()[1] == inner;
  return type.getNumLoops() == 2 && rows == 1 && type.getDimOfLoop(0) == 1 && !type.isSymbolic(0) &&
         type.getElementShape()[1] == contract::kTileRows && type.getSteps()[0] == contract::kTileRows &&
         type.getTripBounds()[0] * contract::kTileRows == inner;
}

LogicalResult IssueOp::verify() {
  if (getQ().empty()) return emitOpError("needs at least one weight");
  if (getD().size() != getQ().size())
    return emitOpError("has ") << getQ().size() << " weights but " << getD().size() << " scales";
  if (!getM().empty() && getM().size() != getQ().size())
    return emitOpError("has ") << getQ().size() << " weights but " << getM().size() << " minima";
  if (getOutputs().size() != getQ().size())
    return emitOpError("has ") << getQ().size() << " weights but " << getOutputs().size() << " results";
  auto activations = getActivations().getType();
  auto first = cast<ShapedType>(getQ().front().getType());
  for (auto [index, weight] : llvm::enumerate(getQ())) {
    auto q = cast<ShapedType>(weight.getType());
    if (q.getElementType() != first.getElementType())
      return emitOpError("weights of one issue must have one format, got ") << first << " and " << q;
    if (!IsWeightGroup(q))
      return emitOpError("weights come in groups of 32, of 4 bits also of 64 or 128, got ") << q;
    if (q.getDimSize(2) != first.getDimSize(2))
      return emitOpError("weights of one issue must have groups of one size, got ") << first << " and " << q;
    if (!isIssueOrder(activations, q.getDimSize(1) * q.getDimSize(2)))
      return emitOpError("weight ") << index << " takes " << q.getDimSize(1) * q.getDimSize(2)
                                    << " float32 a row, as rows or in tiles of 16 columns, got "
                                    << activations;
    if (cast<ShapedType>(getD()[index].getType()).getShape() != q.getShape().drop_back())
      return emitOpError("needs one scale a group of ") << q << ", got " << getD()[index].getType();
    if (!getM().empty() && getM()[index].getType() != getD()[index].getType())
      return emitOpError("minima must have the scales' type ") << getD()[index].getType();
    if (getAlternate() && q.getDimSize(0) != first.getDimSize(0))
      return emitOpError("only weights with equally many rows can alternate, got ")
             << first.getDimSize(0) << " and " << q.getDimSize(0);
    auto expected = getExpectedType(index);
    if (getOutputs()[index].getType() != expected)
      return emitOpError("result ") << index << " must be " << expected << ", got "
                                    << getOutputs()[index].getType();
  }
  return success();
}

}  // namespace streamtensor::compiler::dataflow
