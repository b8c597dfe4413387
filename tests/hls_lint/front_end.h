// SPDX-License-Identifier: Apache-2.0
// From a design's text to LLVM IR in which the HLS pragmas are still to be seen.
#pragma once

#include <memory>
#include <string>

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "tests/hls_lint/finding.h"

namespace hls_lint {

struct FrontEndOptions {
  std::string source;   // the design's text
  std::string kernels;  // the folder that holds st/
  std::string headers;  // the declaration-only headers
  std::string clang;
};

// Preprocesses the text, makes each `#pragma HLS x` a call of kPragmaMarker("X", address of its variable), so
// that it keeps its place among the loops, and lets clang emit IR as for -O1, its optimisations left to us:
// they would turn recursion into loops and unroll loops that are to be looked at. Null after a finding
// (`language`, `library`), or after `error` is set.
std::unique_ptr<llvm::Module> EmitIr(const FrontEndOptions& options, llvm::LLVMContext& context,
                                     Findings& findings, std::string& error);

inline constexpr char kPragmaMarker[] = "st_lint_pragma";

}  // namespace hls_lint
