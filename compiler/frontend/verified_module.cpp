// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/verified_module.h"

#include "mlir/IR/Verifier.h"

namespace streamtensor::compiler {

DiagnosticCollector::DiagnosticCollector(mlir::MLIRContext* context)
    : handler_(context, [this](mlir::Diagnostic& diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && first_error_.empty()) {
          if (auto place = llvm::dyn_cast<mlir::FileLineColLoc>(diagnostic.getLocation())) {
            first_error_ = Message("line ", place.getLine(), ", column ", place.getColumn(), ": ");
          }
          first_error_ += PrintableMessage(diagnostic.str());
        }
        return mlir::success();
      }) {}

absl::Status VerifyModule(mlir::ModuleOp module) {
  DiagnosticCollector diagnostics(module.getContext());
  if (mlir::succeeded(mlir::verify(module))) return absl::OkStatus();
  return absl::InvalidArgumentError(Message("the imported module is not valid: ", diagnostics.first_error()));
}

}  // namespace streamtensor::compiler
