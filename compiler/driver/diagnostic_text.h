// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "compiler/frontend/message.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

namespace streamtensor::compiler {

// Catches MLIR's diagnostics while it lives, and keeps its errors as one line.
class DiagnosticText {
 public:
  explicit DiagnosticText(mlir::MLIRContext* context)
      : handler_(context, [this](mlir::Diagnostic& diagnostic) {
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) Keep(diagnostic);
          return mlir::success();
        }) {}

  // One error as it is, several numbered.
  std::string Take(const std::string& otherwise) {
    const std::vector<std::string> errors = std::exchange(errors_, {});
    const size_t left_out = std::exchange(left_out_, 0);
    if (errors.empty()) return otherwise;
    if (errors.size() == 1) return errors[0];
    std::string text = Message(errors.size() + left_out, " obstacles");
    for (size_t i = 0; i < errors.size(); ++i)
      text += Message(i == 0 ? ": (" : "; (", i + 1, ") ", errors[i]);
    if (left_out > 0) text += Message("; and ", left_out, " more");
    return text;
  }

 private:
  static constexpr size_t kMostErrors = 20;

  void Keep(mlir::Diagnostic& diagnostic) {
    std::string text;
    llvm::raw_string_ostream out(text);
    if (!llvm::isa<mlir::UnknownLoc>(diagnostic.getLocation())) out << diagnostic.getLocation() << ": ";
    out << diagnostic.str();
    for (char& c : text) {
      if (c == '\n') c = ' ';
    }
    text = PrintableMessage(text);  // a whole operation may stand in it
    if (std::find(errors_.begin(), errors_.end(), text) != errors_.end()) return;
    if (errors_.size() < kMostErrors) {
      errors_.push_back(std::move(text));
    } else {
      ++left_out_;
    }
  }

  std::vector<std::string> errors_;
  size_t left_out_ = 0;
  mlir::ScopedDiagnosticHandler handler_;
};

}  // namespace streamtensor::compiler
