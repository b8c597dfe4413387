// SPDX-License-Identifier: Apache-2.0
// What is scheduled as one: a pipelined loop with the loops that are flattened into it, or straight code.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/schedule/address.h"
#include "compiler/schedule/passes.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/Function.h"

namespace streamtensor::schedule {

struct Region {
  std::vector<llvm::BasicBlock*> blocks;  // in reverse post-order
  std::vector<NestLoop> nest;             // outermost first; empty: straight code
  bool pipelined = false;
  int64_t asked_ii = 0;  // PIPELINE II=N; 0: none
  int64_t line = 0;      // of the innermost loop; 0: unknown

  const llvm::Loop* inner() const { return nest.empty() ? nullptr : nest.back().loop; }
  const llvm::Loop* outer() const { return nest.empty() ? nullptr : nest.front().loop; }
  // Iterations of the flattened loop; nothing if one isn't constant.
  std::optional<int64_t> Iterations() const;
};

// Nothing but counting stands between the two: no memory access, call or floating-point operator.
bool OnlyCountsAround(const llvm::Loop& outer, const llvm::Loop& inner);

// Marks the loops that Vitis HLS doesn't flatten into the loop around them. To be called before values in
// memory are promoted to registers: those don't hinder it.
void RefuseFlattening(llvm::Function& function, PassRunner& passes);

// The region of an innermost loop.
Region LoopRegion(llvm::Loop& innermost, llvm::ScalarEvolution& scev);
// What of `loop` isn't in its inner loops; of the function without its loops if `loop` is null.
Region StraightRegion(llvm::Function& function, const llvm::LoopInfo& loops, const llvm::Loop* loop);

}  // namespace streamtensor::schedule
