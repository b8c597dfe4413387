// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"

#include "compiler/dialects/dataflow/DataflowDialect.cpp.inc"
#include "compiler/dialects/dataflow/DataflowEnums.cpp.inc"
#include "compiler/dialects/dataflow/binding.h"
#include "kernels/contract/limits.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialects/dataflow/DataflowAttrs.cpp.inc"

namespace streamtensor::compiler::dataflow {

namespace {

// The block's function may be written out where it is called.
struct Inliner : mlir::DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(mlir::Operation*, mlir::Region*, bool, mlir::IRMapping&) const final { return true; }
  bool isLegalToInline(mlir::Region*, mlir::Region*, bool, mlir::IRMapping&) const final { return true; }
};

}  // namespace

void DataflowDialect::initialize() {
  addInterfaces<Inliner>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialects/dataflow/DataflowAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialects/dataflow/DataflowOps.cpp.inc"
      >();
}

mlir::LogicalResult DataflowDialect::verifyOperationAttribute(mlir::Operation* op,
                                                              mlir::NamedAttribute attribute) {
  if (attribute.getName() == kBindingAttr) return VerifyBinding(op, attribute.getValue());
  if (attribute.getName() != kPlatformAttr) return mlir::success();
  auto platform = llvm::dyn_cast<PlatformAttr>(attribute.getValue());
  auto module = llvm::dyn_cast<mlir::ModuleOp>(op);
  if (!platform || !module)
    return op->emitOpError() << kPlatformAttr << " must be a #dataflow.platform on a module, got "
                             << attribute.getValue();
  const mlir::WalkResult banks = module.walk([&](MemoryOp memory) {
    const std::optional<uint64_t> bank = memory.getBank();
    if (!bank || *bank < static_cast<uint64_t>(platform.getBanks())) return mlir::WalkResult::advance();
    memory.emitOpError("bank must be 0..")
        << platform.getBanks() - 1 << " on " << platform.getName() << ", got " << static_cast<int64_t>(*bank);
    return mlir::WalkResult::interrupt();
  });
  return mlir::failure(banks.wasInterrupted());
}

mlir::LogicalResult PlatformAttr::verify(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
                                         llvm::StringRef name, int64_t banks, int64_t bank_bytes,
                                         int64_t on_chip_bytes, int64_t weight_channels, int64_t unroll) {
  if (name.empty()) return emitError() << "a platform needs a name";
  if (banks < 1 || banks > contract::kMaxMemoryBanks)
    return emitError() << "banks must be 1.." << contract::kMaxMemoryBanks << ", got " << banks;
  if (bank_bytes < 1 || on_chip_bytes < 1)
    return emitError() << "bank_bytes and on_chip_bytes must be at least 1, got " << bank_bytes << " and "
                       << on_chip_bytes;
  if (weight_channels < 1 || weight_channels > banks)
    return emitError() << "weight_channels must be 1.." << banks << ", got " << weight_channels;
  if (unroll < 1 || unroll > contract::kMaxUnroll)
    return emitError() << "unroll must be 1.." << contract::kMaxUnroll << ", got " << unroll;
  return mlir::success();
}

PlatformAttr PlatformOf(mlir::Operation* op) {
  auto module = llvm::dyn_cast<mlir::ModuleOp>(op);
  if (!module) module = op->getParentOfType<mlir::ModuleOp>();
  return module ? module->getAttrOfType<PlatformAttr>(kPlatformAttr) : PlatformAttr();
}

}  // namespace streamtensor::compiler::dataflow

using namespace mlir;

#define GET_OP_CLASSES
#include "compiler/dialects/dataflow/DataflowOps.cpp.inc"
