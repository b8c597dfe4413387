// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/loop_region.h"

#include <algorithm>

#include "compiler/schedule/directives.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Support/MathExtras.h"

namespace streamtensor::schedule {
namespace {

// Outside of `inner`, `outer` branches only for its own exit and around `inner`.
bool HasNoOtherControl(const llvm::Loop& outer, const llvm::Loop& inner) {
  for (const llvm::BasicBlock* block : outer.blocks()) {
    if (inner.contains(block)) continue;
    const llvm::Instruction* terminator = block->getTerminator();
    if (llvm::isa<llvm::SwitchInst>(terminator)) return false;
    const auto* branch = llvm::dyn_cast<llvm::BranchInst>(terminator);
    if (!branch || !branch->isConditional() || outer.isLoopExiting(block)) continue;
    const llvm::BasicBlock* before_inner = inner.getLoopPreheader();
    if (branch->getSuccessor(0) != before_inner && branch->getSuccessor(1) != before_inner) return false;
  }
  return true;
}

bool Flattens(const llvm::Loop& outer, llvm::Loop& inner, const llvm::Loop& innermost,
              llvm::ScalarEvolution& scev) {
  if (outer.getSubLoops().size() != 1 || LoopDirective(outer, kLoopNoFlatten) ||
      LoopDirective(inner, kLoopApart) || LoopDirective(outer, kLoopNoPipeline) ||
      !HasNoOtherControl(outer, inner)) {
    return false;
  }
  // Only the two outermost bounds may vary.
  return &inner == &innermost || scev.getSmallConstantTripCount(&inner) != 0;
}

std::vector<llvm::BasicBlock*> InOrder(llvm::Function& function, const auto& keep) {
  std::vector<llvm::BasicBlock*> blocks;
  for (llvm::BasicBlock* block : llvm::ReversePostOrderTraversal<llvm::Function*>(&function)) {
    if (keep(block)) blocks.push_back(block);
  }
  return blocks;
}

// A value that enters `inner` anew in each iteration of `outer`, and isn't a constant.
bool StartsFromOuter(const llvm::Loop& outer, const llvm::Loop& inner, llvm::ScalarEvolution& scev) {
  const llvm::BasicBlock* before = inner.getLoopPreheader();
  if (!before) return true;
  for (const llvm::PHINode& phi : inner.getHeader()->phis()) {
    const llvm::Value* start = phi.getIncomingValueForBlock(before);
    if (outer.isLoopInvariant(start)) continue;
    // Carried through both loops.
    const auto* carried = llvm::dyn_cast<llvm::PHINode>(start);
    if (carried && carried->getParent() == outer.getHeader()) continue;
    if (scev.isSCEVable(phi.getType()) &&
        llvm::isa<llvm::SCEVAddRecExpr>(scev.getSCEV(const_cast<llvm::PHINode*>(&phi)))) {
      continue;
    }
    return true;
  }
  return false;
}

bool RefusesFlattening(llvm::Loop& outer, llvm::Loop& inner, llvm::ScalarEvolution& scev) {
  if (StartsFromOuter(outer, inner, scev)) return true;
  if (scev.getSmallConstantTripCount(&inner) != 0 && scev.getSmallConstantTripCount(&outer) != 0)
    return false;
  if (!OnlyCountsAround(outer, inner)) return true;
  const llvm::SCEV* taken = scev.getBackedgeTakenCount(&inner);
  return llvm::isa<llvm::SCEVCouldNotCompute>(taken) || !scev.isLoopInvariant(taken, &outer);
}

}  // namespace

bool OnlyCountsAround(const llvm::Loop& outer, const llvm::Loop& inner) {
  if (outer.getSubLoops().size() != 1) return false;
  for (const llvm::BasicBlock* block : outer.blocks()) {
    if (inner.contains(block)) continue;
    for (const llvm::Instruction& instruction : *block) {
      if (llvm::isa<llvm::DbgInfoIntrinsic>(instruction)) continue;
      if (instruction.mayReadOrWriteMemory() || llvm::isa<llvm::CallBase>(instruction) ||
          instruction.getType()->isFloatingPointTy()) {
        return false;
      }
    }
  }
  return true;
}

void RefuseFlattening(llvm::Function& function, PassRunner& passes) {
  auto& loops = passes.functions().getResult<llvm::LoopAnalysis>(function);
  auto& scev = passes.functions().getResult<llvm::ScalarEvolutionAnalysis>(function);
  for (llvm::Loop* loop : loops.getLoopsInPreorder()) {
    llvm::Loop* outer = loop->getParentLoop();
    if (outer && outer->getSubLoops().size() == 1 && RefusesFlattening(*outer, *loop, scev)) {
      SetLoopDirective(*loop, kLoopApart);
    }
  }
}

std::optional<int64_t> Region::Iterations() const {
  int64_t iterations = 1;
  for (const NestLoop& level : nest) {
    if (level.trip == 0 || llvm::MulOverflow(iterations, level.trip, iterations)) return std::nullopt;
  }
  return iterations;
}

Region LoopRegion(llvm::Loop& innermost, llvm::ScalarEvolution& scev) {
  Region region;
  region.pipelined = LoopDirective(innermost, kLoopPipeline).has_value();
  region.asked_ii = LoopDirective(innermost, kLoopPipeline).value_or(0);
  region.line = LoopDirective(innermost, kLoopLine).value_or(0);
  llvm::Loop* outer = &innermost;
  while (region.pipelined && outer->getParentLoop() && !LoopDirective(*outer, kLoopNoFlatten) &&
         Flattens(*outer->getParentLoop(), *outer, innermost, scev)) {
    outer = outer->getParentLoop();
  }
  for (llvm::Loop* loop = &innermost;; loop = loop->getParentLoop()) {
    region.nest.insert(region.nest.begin(), {loop, scev.getSmallConstantTripCount(loop)});
    if (loop == outer) break;
  }
  region.blocks = InOrder(*innermost.getHeader()->getParent(),
                          [&](const llvm::BasicBlock* block) { return outer->contains(block); });
  return region;
}

Region StraightRegion(llvm::Function& function, const llvm::LoopInfo& loops, const llvm::Loop* loop) {
  Region region;
  region.blocks =
      InOrder(function, [&](const llvm::BasicBlock* block) { return loops.getLoopFor(block) == loop; });
  return region;
}

}  // namespace streamtensor::schedule
