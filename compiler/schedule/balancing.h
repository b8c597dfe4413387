// SPDX-License-Identifier: Apache-2.0
// Sums as trees, which config_compile -unsafe_math_optimizations allows.
#pragma once

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Function.h"

namespace streamtensor::schedule {

// Rebuilds each chain of floating-point additions that may be reassociated as a tree of least height. What an
// earlier iteration computes is added last, so that a recurrence holds one addition.
void BalanceSums(llvm::Function& function, const llvm::LoopInfo& loops);

}  // namespace streamtensor::schedule
