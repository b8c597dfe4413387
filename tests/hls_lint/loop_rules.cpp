// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/loop_rules.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/ConstantFolding.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Operator.h"
#include "tests/hls_lint/names.h"

namespace hls_lint {
namespace {

// What a load's value depends on, as far as bounds go.
enum class Origin { kTokens, kLogits, kTable, kOther };

const llvm::Value* BaseOf(const llvm::LoadInst& load, llvm::APInt& offset) {
  const llvm::DataLayout& layout = load.getModule()->getDataLayout();
  offset = llvm::APInt(layout.getIndexTypeSizeInBits(load.getPointerOperandType()), 0);
  return load.getPointerOperand()->stripAndAccumulateConstantOffsets(layout, offset, true);
}

class LoopBounds {
 public:
  LoopBounds(llvm::Function& process, const DeclaredBounds& bounds, llvm::FunctionAnalysisManager& analyses,
             Findings& findings)
      : process_(process), bounds_(bounds), analyses_(analyses), findings_(findings) {}

  void Check() {
    FindHeaderWords();
    for (llvm::Instruction& instruction : llvm::instructions(process_)) {
      auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
      if (load && OriginOf(*load) == Origin::kTable) LimitToTable(*load);
    }
    const auto written = Maxima();
    for (llvm::Instruction& instruction : llvm::instructions(process_)) {
      auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
      if (!load) continue;
      const Origin origin = OriginOf(*load);
      if (origin == Origin::kTokens) Limit(*load, 0, bounds_.tokens);
      if (origin == Origin::kLogits) Limit(*load, 0, bounds_.logits);
    }
    const auto declared = Maxima();
    const llvm::LoopInfo& loops = analyses_.getResult<llvm::LoopAnalysis>(process_);
    for (const llvm::Loop* loop : loops.getLoopsInPreorder())
      CheckLoop(*loop, written.at(loop), declared.at(loop));
    // A cycle of several entries is none of these loops.
    const llvm::ReversePostOrderTraversal<const llvm::Function*> order(&process_);
    if (llvm::containsIrreducibleCFG<const llvm::BasicBlock*>(order, loops)) {
      findings_.Add("loop-bound", llvm::demangle(process_.getName()),
                    "a loop is entered in its middle, where nothing bounds it");
    }
  }

 private:
  // Variables that hold word 0 of a step: what the first read of a header stream gives, outside of loops.
  void FindHeaderWords() {
    const llvm::LoopInfo& loops = analyses_.getResult<llvm::LoopAnalysis>(process_);
    for (const llvm::Instruction& instruction : llvm::instructions(process_)) {
      const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      const llvm::Function* function = call ? call->getCalledFunction() : nullptr;
      if (!function || loops.getLoopFor(call->getParent())) continue;
      const Callee callee = NameOf(*function);
      if (callee.scope != "hls::stream" || callee.method != "read") continue;
      if (callee.text.find("st::header_word") == std::string::npos || call->arg_size() == 0) continue;
      header_words_.insert(call->getArgOperand(0)->stripPointerCasts());
    }
  }

  Origin OriginOf(const llvm::LoadInst& load) const {
    llvm::APInt offset;
    const llvm::Value* base = BaseOf(load, offset);
    if (header_words_.count(base)) {
      if (offset == 0) return Origin::kTokens;
      if (offset == 4) return Origin::kLogits;
      return Origin::kOther;
    }
    // Behind an index that is not constant too.
    const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(llvm::getUnderlyingObject(base, 0));
    return global && global->isConstant() && global->hasInitializer() ? Origin::kTable : Origin::kOther;
  }

  static void Limit(llvm::LoadInst& load, int64_t low, int64_t high) {
    const unsigned bits = load.getType()->isIntegerTy() ? load.getType()->getIntegerBitWidth() : 0;
    if (bits < 8 || bits > 64 || high < low) return;
    llvm::MDBuilder builder(load.getContext());
    load.setMetadata(llvm::LLVMContext::MD_range,
                     builder.createRange(llvm::APInt(bits, low, true), llvm::APInt(bits, high + 1, true)));
  }

  // A load from a list that is known to the compiler: the least and the greatest of what it may give.
  void LimitToTable(llvm::LoadInst& load) {
    if (!load.getType()->isIntegerTy() || load.getType()->getIntegerBitWidth() > 32) return;
    const llvm::DataLayout& layout = process_.getParent()->getDataLayout();
    const unsigned width = layout.getIndexTypeSizeInBits(load.getPointerOperandType());
    // The way from the list to the value: a constant, and steps of fixed size.
    llvm::APInt constant(width, 0);
    uint64_t step = 0;
    const llvm::Value* pointer = load.getPointerOperand();
    while (const auto* gep = llvm::dyn_cast<llvm::GEPOperator>(pointer)) {
      llvm::MapVector<llvm::Value*, llvm::APInt> variable;
      if (!gep->collectOffset(layout, width, variable, constant)) return;
      for (const auto& [index, scale] : variable) step = std::gcd(step, scale.getZExtValue());
      pointer = gep->getPointerOperand()->stripPointerCasts();
    }
    const auto* table = llvm::dyn_cast<llvm::GlobalVariable>(pointer);
    if (!table) return;
    const uint64_t size = layout.getTypeAllocSize(table->getValueType());
    const uint64_t bytes = layout.getTypeStoreSize(load.getType());
    uint64_t at = constant.getZExtValue();
    if (step > 0) at %= step;
    std::optional<int64_t> low, high;
    for (; at + bytes <= size; at += step) {
      auto* value = llvm::dyn_cast_or_null<llvm::ConstantInt>(
          llvm::ConstantFoldLoadFromConst(const_cast<llvm::Constant*>(table->getInitializer()),
                                          load.getType(), llvm::APInt(width, at), layout));
      if (!value) return;
      low = std::min(low.value_or(value->getSExtValue()), value->getSExtValue());
      high = std::max(high.value_or(value->getSExtValue()), value->getSExtValue());
      if (step == 0) break;
    }
    if (low && high) Limit(load, *low, *high);
  }

  // The greatest number of times each loop comes back; nothing: unknown.
  std::map<const llvm::Loop*, std::optional<uint64_t>> Maxima() {
    // Ranges are no part of what the pass manager knows to be changed.
    llvm::PreservedAnalyses kept = llvm::PreservedAnalyses::all();
    kept.abandon<llvm::ScalarEvolutionAnalysis>();
    analyses_.invalidate(process_, kept);
    llvm::ScalarEvolution& evolution = analyses_.getResult<llvm::ScalarEvolutionAnalysis>(process_);
    const llvm::LoopInfo& loops = analyses_.getResult<llvm::LoopAnalysis>(process_);
    std::map<const llvm::Loop*, std::optional<uint64_t>> maxima;
    for (const llvm::Loop* loop : loops.getLoopsInPreorder()) {
      const auto* count =
          llvm::dyn_cast<llvm::SCEVConstant>(evolution.getConstantMaxBackedgeTakenCount(loop));
      maxima[loop] = count ? std::optional<uint64_t>(count->getAPInt().getZExtValue()) : std::nullopt;
    }
    return maxima;
  }

  // Whether something that was read in the launch, other than T and W, decides how often the loop runs.
  bool DependsOnData(const llvm::Loop& loop) const {
    std::set<const llvm::Value*> seen;
    std::vector<const llvm::Value*> open;
    llvm::SmallVector<llvm::BasicBlock*> exiting;
    loop.getExitingBlocks(exiting);
    for (const llvm::BasicBlock* block : exiting) open.push_back(block->getTerminator());
    while (!open.empty()) {
      const auto* instruction = llvm::dyn_cast<llvm::Instruction>(open.back());
      open.pop_back();
      if (!instruction || !seen.insert(instruction).second) continue;
      if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(instruction)) {
        if (OriginOf(*load) == Origin::kOther) return true;
        continue;
      }
      const auto* call = llvm::dyn_cast<llvm::CallBase>(instruction);
      if (call && !(call->getCalledFunction() && call->getCalledFunction()->isIntrinsic())) return true;
      for (const llvm::Value* operand : instruction->operands()) {
        if (!llvm::isa<llvm::BasicBlock>(operand)) open.push_back(operand);
      }
    }
    return false;
  }

  void CheckLoop(const llvm::Loop& loop, std::optional<uint64_t> written, std::optional<uint64_t> declared) {
    const std::string where = PlaceOfLoop(loop);
    // Counted in iterations from here on.
    const auto times = [](uint64_t returns) { return std::to_string(returns + 1); };
    if (!written && !declared) {
      findings_.Add("loop-bound", where, "nothing bounds this loop");
      return;
    }
    if (!written || (declared && *written > *declared)) {
      findings_.Add("symbol-bound", where,
                    "this loop may run " + (written ? times(*written) : std::string("without a bound")) +
                        " times; with T <= " + std::to_string(bounds_.tokens) + " and W <= " +
                        std::to_string(bounds_.logits) + " it runs " + times(*declared) + " at most");
      return;
    }
    const auto most = static_cast<uint64_t>(bounds_.context + bounds_.tokens);
    if (*written >= most && DependsOnData(loop)) {
      findings_.Add("loop-bound", where,
                    "what was read decides how often this loop runs, up to " + times(*written) +
                        " times; a token sees " + std::to_string(most) + " rows at most");
    }
  }

  static std::string PlaceOfLoop(const llvm::Loop& loop) {
    for (const llvm::Instruction& instruction : *loop.getHeader()) {
      if (instruction.getDebugLoc()) return PlaceOf(instruction);
    }
    return PlaceOf(*loop.getHeader()->getTerminator());
  }

  llvm::Function& process_;
  const DeclaredBounds& bounds_;
  llvm::FunctionAnalysisManager& analyses_;
  Findings& findings_;
  std::set<const llvm::Value*> header_words_;
};

}  // namespace

void CheckLoopBounds(llvm::Function& process, const DeclaredBounds& bounds,
                     llvm::FunctionAnalysisManager& analyses, Findings& findings) {
  LoopBounds(process, bounds, analyses, findings).Check();
}

}  // namespace hls_lint
