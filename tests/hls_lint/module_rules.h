// SPDX-License-Identifier: Apache-2.0
// Rules on functions and variables: what is called, what is kept.
#pragma once

#include <vector>

#include "llvm/IR/Module.h"
#include "tests/hls_lint/finding.h"
#include "tests/hls_lint/pragma_table.h"

namespace hls_lint {

// Functions that the top function reaches, itself first.
std::vector<llvm::Function*> Reachable(llvm::Function& top);

// Looks at the IR as it was written, before any optimisation.
void CheckFunctions(const std::vector<llvm::Function*>& functions, const PragmaTable& pragmas,
                    Findings& findings);

// Looks at optimised IR: a pointer that is still kept in memory really is.
void CheckKeptPointers(const std::vector<llvm::Function*>& functions, Findings& findings);

}  // namespace hls_lint
