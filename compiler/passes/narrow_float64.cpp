// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_NARROWFLOAT64
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

// float32 holds every integer up to this.
constexpr int64_t kGreatestExactInteger = int64_t{1} << 24;

bool IsFloat64(Type type) { return getElementTypeOrSelf(type).isF64(); }

Type Narrowed(Type type) {
  Type element = Float32Type::get(type.getContext());
  if (auto shaped = dyn_cast<ShapedType>(type)) return shaped.clone(element);
  return element;
}

// The greatest magnitude that an integer can have, where its definition shows one within the exact integers.
std::optional<int64_t> MagnitudeBound(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant))) {
    if (constant.getSignificantBits() > 32) return std::nullopt;
    return std::abs(constant.getSExtValue());
  }
  Operation* op = value.getDefiningOp();
  if (!op) return std::nullopt;
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    auto loops = op->getParentOfType<linalg::LinalgOp>();
    int64_t extent = loops ? loops.getStaticLoopRanges()[index.getDim()] : ShapedType::kDynamic;
    if (ShapedType::isDynamic(extent) || extent > kGreatestExactInteger) return std::nullopt;
    return extent - 1;
  }
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::ExtUIOp>(op)) return MagnitudeBound(op->getOperand(0));
  if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(op)) return std::nullopt;
  std::optional<int64_t> a = MagnitudeBound(op->getOperand(0)), b = MagnitudeBound(op->getOperand(1));
  if (!a || !b) return std::nullopt;
  int64_t bound = isa<arith::MulIOp>(op) ? *a * *b : *a + *b;
  if (bound > kGreatestExactInteger) return std::nullopt;
  return bound;
}

// Rounds to float32; false where a finite value becomes infinite, or one that is not zero becomes zero.
bool Round(APFloat& value) {
  const bool finite = value.isFinite(), zero = value.isZero();
  bool loses_information = false;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses_information);
  return value.isFinite() == finite && value.isZero() == zero;
}

// The constant in float32; null where that can't hold it.
TypedAttr NarrowConstant(TypedAttr attribute) {
  Type element = Float32Type::get(attribute.getContext());
  if (auto number = dyn_cast<FloatAttr>(attribute)) {
    APFloat value = number.getValue();
    return Round(value) ? FloatAttr::get(element, value) : nullptr;
  }
  DenseElementsAttr dense = dyn_cast<DenseElementsAttr>(attribute);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob* blob = resource.getRawHandle().getBlob();
    bool is_splat = false;
    if (!blob || !DenseElementsAttr::isValidRawBuffer(resource.getType(), blob->getData(), is_splat))
      return nullptr;
    dense = DenseElementsAttr::getFromRawBuffer(resource.getType(), blob->getData());
  }
  if (!dense) return nullptr;
  SmallVector<APFloat> values;
  if (dense.isSplat()) {
    values.push_back(dense.getSplatValue<APFloat>());
  } else {
    llvm::append_range(values, dense.getValues<APFloat>());
  }
  if (!llvm::all_of(values, Round)) return nullptr;
  return DenseElementsAttr::get(cast<ShapedType>(Narrowed(dense.getType())), values);
}

class NarrowFloat64Pass : public impl::NarrowFloat64Base<NarrowFloat64Pass> {
  void runOnOperation() override {
    SmallVector<Operation*> ops;
    // In the order of definitions, a region's arguments before its operations.
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation* op) {
      if (usesFloat64(op)) ops.push_back(op);
    });
    bool ok = true;
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (step && step->hasAttr(dataflow::kSamplesAttr)) {
      ScopedDiagnosticHandler quiet(&getContext(), [](Diagnostic&) { return success(); });
      for (Operation* op : ops) ok &= succeeded(check(op));
      if (!ok) return;
    }
    for (Operation* op : ops) ok &= succeeded(check(op));
    if (!ok) return signalPassFailure();
    for (Operation* op : ops) narrow(op);
  }

  static bool usesFloat64(Operation* op) {
    if (llvm::any_of(op->getOperandTypes(), IsFloat64) || llvm::any_of(op->getResultTypes(), IsFloat64))
      return true;
    for (Region& region : op->getRegions())
      for (Block& block : region)
        if (llvm::any_of(block.getArgumentTypes(), IsFloat64)) return true;
    return false;
  }

  // Whether float64 is only on the way between float32 values here.
  static LogicalResult check(Operation* op) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      if (NarrowConstant(constant.getValue())) return success();
      return op->emitError("is computed in float64: float32 can't hold the constant ") << constant.getValue();
    }
    if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
      if (MagnitudeBound(op->getOperand(0))) return success();
      return op->emitError(
          "is computed in float64: it converts an integer that is not known to lie within 2^24, up to which "
          "float32 is exact; convert to float32 in the model");
    }
    if (isa<arith::FPToSIOp, arith::FPToUIOp, arith::BitcastOp>(op) && IsFloat64(op->getOperand(0).getType()))
      return op->emitError(
          "is computed in float64: it makes an integer of a float64; convert to float32 in the model");
    if (isa<func::FuncOp, func::ReturnOp>(op))
      return op->emitError("has a float64 argument or result; cards compute in float32");
    return success();
  }

  static void narrow(Operation* op) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      constant.setValueAttr(NarrowConstant(constant.getValue()));
    for (Value result : op->getResults())
      if (IsFloat64(result.getType())) result.setType(Narrowed(result.getType()));
    for (Region& region : op->getRegions())
      for (Block& block : region)
        for (BlockArgument argument : block.getArguments())
          if (IsFloat64(argument.getType())) argument.setType(Narrowed(argument.getType()));
    // Operands are narrowed where they are defined, which is before their uses.
    if (isa<arith::ExtFOp, arith::TruncFOp>(op) &&
        op->getOperand(0).getType() == op->getResult(0).getType()) {
      op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      op->erase();
    }
  }
};

}  // namespace
}  // namespace streamtensor::compiler
