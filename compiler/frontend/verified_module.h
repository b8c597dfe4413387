// SPDX-License-Identifier: Apache-2.0
// Diagnostics of MLIR as statuses.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"

namespace streamtensor::compiler {

// Collects the errors that MLIR reports on a context while it lives.
class DiagnosticCollector {
 public:
  explicit DiagnosticCollector(mlir::MLIRContext* context);

  // The first error, with file, line and column where known; empty without one.
  const std::string& first_error() const { return first_error_; }

 private:
  std::string first_error_;
  mlir::ScopedDiagnosticHandler handler_;
};

// INVALID_ARGUMENT with the verifier's first complaint.
absl::Status VerifyModule(mlir::ModuleOp module);

}  // namespace streamtensor::compiler
