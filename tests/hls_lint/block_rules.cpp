// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/block_rules.h"

#include <algorithm>
#include <optional>
#include <set>

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Operator.h"
#include "tests/hls_lint/names.h"
#include "tests/hls_lint/pragma.h"

namespace hls_lint {
namespace {

// What a lock hands out: `operator BLOCK&()`.
bool IsBlock(const llvm::Value* object) {
  const auto* call = llvm::dyn_cast<llvm::CallBase>(object);
  const llvm::Function* function = call ? call->getCalledFunction() : nullptr;
  if (!function) return false;
  const std::string scope = NameOf(*function).scope;
  return scope == "hls::read_lock" || scope == "hls::write_lock";
}

void CheckPartition(const llvm::Instruction& instruction, const Pragma& pragma, Findings& findings) {
  if (pragma.name != "ARRAY_PARTITION" && pragma.name != "ARRAY_RESHAPE") return;
  if (!pragma.variable || !IsBlock(llvm::getUnderlyingObject(pragma.variable, 0))) return;
  findings.Add("block-partition", PlaceOf(instruction), "#pragma HLS " + pragma.text + " of a block");
}

// Loops that Vitis unrolls completely, so that their counter is a constant.
std::set<const llvm::Loop*> UnrolledLoops(llvm::Function& process, const llvm::LoopInfo& loops) {
  std::set<const llvm::Loop*> unrolled;
  for (const llvm::Instruction& instruction : llvm::instructions(process)) {
    const std::optional<Pragma> pragma = PragmaOf(instruction);
    const llvm::Loop* loop = loops.getLoopFor(instruction.getParent());
    if (loop && pragma && pragma->name == "UNROLL" && pragma->options.empty()) unrolled.insert(loop);
  }
  return unrolled;
}

// Whether Vitis knows the value: a constant, or computed from constants and counters of unrolled loops.
bool IsKnown(const llvm::Value* value, const llvm::LoopInfo& loops,
             const std::set<const llvm::Loop*>& unrolled) {
  if (llvm::isa<llvm::Constant>(value)) return true;
  if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(value)) {
    const llvm::Loop* loop = loops.getLoopFor(phi->getParent());
    return loop && loop->getHeader() == phi->getParent() && unrolled.count(loop) != 0;
  }
  const auto* operation = llvm::dyn_cast<llvm::Instruction>(value);
  if (!operation || !(operation->isCast() || operation->isBinaryOp())) return false;
  return std::all_of(operation->op_begin(), operation->op_end(),
                     [&](const llvm::Use& operand) { return IsKnown(operand, loops, unrolled); });
}

// The stream that a lock is made of, where it is not the same at every time.
void CheckIndex(const llvm::CallBase& lock, const llvm::LoopInfo& loops,
                const std::set<const llvm::Loop*>& unrolled, Findings& findings) {
  const llvm::Value* stream = lock.getArgOperand(1);
  while (const auto* element = llvm::dyn_cast<llvm::GEPOperator>(stream)) {
    for (const llvm::Value* index : element->indices()) {
      if (IsKnown(index, loops, unrolled)) continue;
      findings.Add("block-index", PlaceOf(lock),
                   "locks an element of an array of streams by a run-time index");
      return;
    }
    stream = element->getPointerOperand();
  }
}

}  // namespace

void CheckBlocks(llvm::Function& process, Findings& findings) {
  const llvm::DominatorTree dominators(process);
  const llvm::LoopInfo loops(dominators);
  const std::set<const llvm::Loop*> unrolled = UnrolledLoops(process, loops);
  for (const llvm::Instruction& instruction : llvm::instructions(process)) {
    if (const std::optional<Pragma> pragma = PragmaOf(instruction)) {
      CheckPartition(instruction, *pragma, findings);
    } else if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction)) {
      if (AccessOf(*call).block) CheckIndex(*call, loops, unrolled, findings);
    }
  }
}

}  // namespace hls_lint
