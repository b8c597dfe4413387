// SPDX-License-Identifier: Apache-2.0
// Runs LLVM passes by their textual names, and keeps their analyses.
#pragma once

#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"

namespace streamtensor::schedule {

// Not thread-safe. Analyses live until the next Run().
class PassRunner {
 public:
  PassRunner();
  // `pipeline` is a constant of the program: one that can't be parsed ends it.
  void Run(llvm::Module& module, llvm::StringRef pipeline);
  void Run(llvm::Module& module, llvm::ModulePassManager passes);
  llvm::FunctionAnalysisManager& functions() { return functions_; }

 private:
  llvm::PassBuilder builder_;
  llvm::LoopAnalysisManager loops_;
  llvm::FunctionAnalysisManager functions_;
  llvm::CGSCCAnalysisManager components_;
  llvm::ModuleAnalysisManager modules_;
};

}  // namespace streamtensor::schedule
