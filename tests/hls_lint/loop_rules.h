// SPDX-License-Identifier: Apache-2.0
// How often loops run.
#pragma once

#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "tests/hls_lint/finding.h"

namespace hls_lint {

struct DeclaredBounds {
  int64_t tokens = 16;  // of the symbol T
  int64_t logits = 16;  // of the symbol W
  int64_t context = 0;  // rows of KV pages that a token may see: what else is read may count so many
};

// Expects optimised IR. Each loop must have a greatest number of iterations that scalar evolution finds; it
// must be no greater than when T and W obey their declared bounds, and where what was read in the launch
// decides, no greater than the context.
void CheckLoopBounds(llvm::Function& process, const DeclaredBounds& bounds,
                     llvm::FunctionAnalysisManager& analyses, Findings& findings);

}  // namespace hls_lint
