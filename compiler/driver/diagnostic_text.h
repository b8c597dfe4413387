// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "compiler/frontend/message.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

namespace streamtensor::compiler {

// Catches MLIR's diagnostics while it lives, and keeps the first error as one line.
class DiagnosticText {
 public:
  explicit DiagnosticText(mlir::MLIRContext* context)
      : handler_(context, [this](mlir::Diagnostic& diagnostic) {
          if (text_.empty() && diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) Keep(diagnostic);
          return mlir::success();
        }) {}

  std::string Take(const std::string& otherwise) {
    if (text_.empty()) return otherwise;
    return std::exchange(text_, {});
  }

 private:
  void Keep(mlir::Diagnostic& diagnostic) {
    llvm::raw_string_ostream out(text_);
    if (!llvm::isa<mlir::UnknownLoc>(diagnostic.getLocation())) out << diagnostic.getLocation() << ": ";
    out << diagnostic.str();
    for (char& c : text_) {
      if (c == '\n') c = ' ';
    }
    text_ = PrintableMessage(text_);  // a whole operation may stand in it
  }

  std::string text_;
  mlir::ScopedDiagnosticHandler handler_;
};

}  // namespace streamtensor::compiler
