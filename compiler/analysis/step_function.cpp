// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/step_function.h"

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

using namespace mlir;
using itensor::ITensorType;

FailureOr<func::FuncOp> FindStep(ModuleOp module) {
  if (auto step = module.lookupSymbol<func::FuncOp>("step"); step && !step.isExternal()) return step;
  func::FuncOp only;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal()) continue;
    if (only) return module.emitError("has several functions and none of them is @step");
    only = function;
  }
  if (!only) return module.emitError("has no function @step to compile");
  return only;
}

namespace {

bool isDynamic(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 && type.isDynamicDim(0);
}

// Ops that keep the rows of their operands.
bool keepsRows(Operation* op) {
  return isa<linalg::LinalgOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp,
             tensor::InsertSliceOp, tensor::CastOp, dataflow::ContractOp, dataflow::PagedAttentionOp>(op);
}

}  // namespace

std::string StepFunction::ArgumentAttr(BlockArgument argument, StringRef name) {
  auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  if (!function) return "";
  auto attribute = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), name);
  return attribute ? attribute.getValue().str() : "";
}

std::string StepFunction::FieldOf(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument ? ArgumentAttr(argument, dataflow::kFieldAttr) : "";
}

FailureOr<StepFunction> StepFunction::Analyse(func::FuncOp step) {
  StepFunction result;
  result.function_ = step;
  auto symbols = step->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>(dataflow::kSymbolsAttr);
  for (BlockArgument argument : step.getArguments()) {
    if (!isDynamic(argument)) continue;
    // Pools have as many pages as the host gives them: nothing streams there.
    if (!ArgumentAttr(argument, dataflow::kPoolAttr).empty()) continue;
    std::string symbol = ArgumentAttr(argument, dataflow::kSymbolAttr);
    if (symbol.empty())
      return step.emitError("argument ")
             << argument.getArgNumber() << " has a dynamic leading dimension but no "
             << dataflow::kSymbolAttr;
    auto bound = symbols ? symbols.getAs<IntegerAttr>(symbol) : IntegerAttr();
    if (!bound)
      return step.emitError("symbol ") << symbol << " of argument " << argument.getArgNumber()
                                       << " has no bound in the module's " << dataflow::kSymbolsAttr;
    result.symbols_[argument] = {symbol, bound.getInt()};
  }
  LogicalResult ok = success();
  step.walk<WalkOrder::PreOrder>([&](Operation* op) {
    ok = result.visit(op);
    return failed(ok) ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (failed(ok)) return failure();
  return result;
}

LogicalResult StepFunction::assign(Operation* op, Value value, const Rows& rows) {
  auto [entry, inserted] = symbols_.try_emplace(value, rows);
  if (inserted || entry->second == rows) return success();
  return op->emitError("has rows counted by both ") << entry->second.symbol << " and " << rows.symbol;
}

LogicalResult StepFunction::visit(Operation* op) {
  if (auto take = dyn_cast<dataflow::TakeRowsOp>(op)) {
    if (!isDynamic(take.getResult())) return success();
    auto symbols = op->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>(dataflow::kSymbolsAttr);
    auto bound = symbols ? symbols.getAs<IntegerAttr>("W") : IntegerAttr();
    if (!bound) return op->emitError("needs symbol W in the module's ") << dataflow::kSymbolsAttr;
    return assign(op, take.getResult(), {"W", bound.getInt()});
  }
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    for (auto [init, argument, result] :
         llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs(), loop.getResults())) {
      auto rows = symbols_.find(init);
      if (rows == symbols_.end()) continue;
      Rows known = rows->second;
      if (failed(assign(op, argument, known)) || failed(assign(op, result, known))) return failure();
    }
    return success();
  }
  if (auto cast = dyn_cast<UnrealizedConversionCastOp>(op)) {
    auto type = dyn_cast<ITensorType>(cast.getOperand(0).getType());
    if (!type || !isDynamic(cast.getResult(0))) return success();
    SmallVector<unsigned> loops = type.getLoopsOfDim(0);
    if (loops.size() != 1) return success();
    return assign(op, cast.getResult(0),
                  {type.getTripSymbols()[loops[0]].str(), type.getTripBounds()[loops[0]]});
  }
  if (!keepsRows(op)) return success();
  std::optional<Rows> known;
  for (Value operand : op->getOperands()) {
    auto rows = symbols_.find(operand);
    if (!isDynamic(operand) || rows == symbols_.end()) continue;
    if (known && !(*known == rows->second))
      return op->emitError("mixes rows counted by ") << known->symbol << " and by " << rows->second.symbol;
    known = rows->second;
  }
  for (Value result : op->getResults()) {
    if (!isDynamic(result)) continue;
    if (known && failed(assign(op, result, *known))) return failure();
  }
  return success();
}

std::optional<Rows> StepFunction::GetRows(Value value) const {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() == 0) return std::nullopt;
  if (!type.isDynamicDim(0)) return Rows{"", type.getDimSize(0)};
  auto found = symbols_.find(value);
  if (found == symbols_.end()) return std::nullopt;
  return found->second;
}

BlockArgument StepFunction::MemoryRoot(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (ArgumentAttr(argument, dataflow::kWeightAttr).empty() &&
        ArgumentAttr(argument, dataflow::kFieldAttr).empty())
      return {};
    return argument;
  }
  Operation* op = value.getDefiningOp();
  if (!isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op))
    return {};
  return MemoryRoot(op->getOperand(0));
}

bool StepFunction::IsMemory(Value value) { return static_cast<bool>(MemoryRoot(value)); }

Type StepFunction::StreamElement(Type type) {
  auto floating = dyn_cast<FloatType>(type);
  return floating && floating.getWidth() < 32 ? Float32Type::get(type.getContext()) : type;
}

ITensorType StepFunction::RowOrder(RankedTensorType type, const Rows& rows) {
  MLIRContext* context = type.getContext();
  SmallVector<int64_t> element(type.getShape());
  element[0] = 1;
  SmallVector<AffineExpr> exprs(type.getRank(), getAffineConstantExpr(0, context));
  exprs[0] = getAffineDimExpr(0, context);
  return ITensorType::get(context, element, StreamElement(type.getElementType()), {rows.bound},
                          {StringAttr::get(context, rows.symbol)}, {1}, AffineMap::get(1, 0, exprs, context));
}

ITensorType StepFunction::TileOrder(RankedTensorType type, const Rows& rows, int64_t columns) {
  MLIRContext* context = type.getContext();
  AffineExpr tile = getAffineDimExpr(0, context), row = getAffineDimExpr(1, context);
  return ITensorType::get(context, {1, columns}, StreamElement(type.getElementType()),
                          {type.getDimSize(1) / columns, rows.bound},
                          {StringAttr::get(context, ""), StringAttr::get(context, rows.symbol)}, {columns, 1},
                          AffineMap::get(2, 0, {row, tile}, context));
}

}  // namespace streamtensor::compiler
