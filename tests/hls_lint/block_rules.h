// SPDX-License-Identifier: Apache-2.0
// Rules on streams of blocks: what UG1399 says that Vitis HLS does not support.
#pragma once

#include "llvm/IR/Function.h"
#include "tests/hls_lint/finding.h"

namespace hls_lint {

// Expects the callees of the process inlined into it, and its loops as they were written.
void CheckBlocks(llvm::Function& process, Findings& findings);

}  // namespace hls_lint
