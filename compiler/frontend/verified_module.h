// SPDX-License-Identifier: Apache-2.0
// What MLIR prints and reports, for messages and as statuses.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "compiler/frontend/message.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"

namespace streamtensor::compiler {

// A type, an attribute or a location as MLIR writes it; of what goes on too long, the start.
template <class Written>
std::string Shown(Written what) {
  std::string text;
  llvm::raw_string_ostream(text) << what;
  return Printable(text, 200, Quotes::kKeep);
}

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
