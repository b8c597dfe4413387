// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/trip_count.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/schedule/directives.h"
#include "compiler/schedule/front_end.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"

namespace streamtensor::schedule {
namespace {

constexpr uint64_t kWordBits = 32;
constexpr int kMaxDepth = 16;

class CountReader {
 public:
  explicit CountReader(const llvm::LoopInfo& loops) : loops_(loops) {}

  std::optional<CycleFormula> Read(const llvm::SCEV* count, int depth = 0) const {
    if (depth > kMaxDepth) return std::nullopt;
    switch (count->getSCEVType()) {
      case llvm::scConstant: {
        const llvm::APInt& value = llvm::cast<llvm::SCEVConstant>(count)->getAPInt();
        if (value.getSignificantBits() > 64) return std::nullopt;
        return CycleFormula(value.getSExtValue());
      }
      case llvm::scTruncate:
      case llvm::scZeroExtend:
      case llvm::scSignExtend:
        return Read(llvm::cast<llvm::SCEVCastExpr>(count)->getOperand(), depth + 1);
      case llvm::scAddExpr:
      case llvm::scMulExpr:
        return Combined(*llvm::cast<llvm::SCEVNAryExpr>(count), depth);
      case llvm::scUMinExpr:
      case llvm::scSMinExpr:
      case llvm::scUMaxExpr:
      case llvm::scSMaxExpr:
      case llvm::scSequentialUMinExpr:
        return Unbounded(*llvm::cast<llvm::SCEVNAryExpr>(count), depth);
      case llvm::scUDivExpr: {
        // How scalar evolution writes a shift.
        const auto* division = llvm::cast<llvm::SCEVUDivExpr>(count);
        const auto* value = llvm::dyn_cast<llvm::SCEVUnknown>(division->getLHS());
        const auto* divisor = llvm::dyn_cast<llvm::SCEVConstant>(division->getRHS());
        if (!value || !divisor || !divisor->getAPInt().isPowerOf2()) return std::nullopt;
        return ReadValue(*value->getValue(), divisor->getAPInt().logBase2(), depth + 1);
      }
      case llvm::scUnknown:
        return ReadValue(*llvm::cast<llvm::SCEVUnknown>(count)->getValue(), 0, depth);
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<CycleFormula> Combined(const llvm::SCEVNAryExpr& terms, int depth) const {
    const bool sum = llvm::isa<llvm::SCEVAddExpr>(terms);
    CycleFormula result = sum ? 0 : 1;
    for (const llvm::SCEV* term : terms.operands()) {
      const std::optional<CycleFormula> part = Read(term, depth + 1);
      if (!part) return std::nullopt;
      if (sum) {
        result += *part;
      } else {
        result = result * *part;
      }
    }
    return result;
  }

  std::optional<CycleFormula> Unbounded(const llvm::SCEVNAryExpr& choices, int depth) const {
    const bool least =
        llvm::isa<llvm::SCEVUMinExpr, llvm::SCEVSMinExpr, llvm::SCEVSequentialUMinExpr>(choices);
    std::vector<CycleFormula> formulas;
    for (const llvm::SCEV* choice : choices.operands()) {
      if (llvm::isa<llvm::SCEVConstant>(choice)) continue;
      const std::optional<CycleFormula> formula = Read(choice, depth + 1);
      if (!formula) return std::nullopt;
      formulas.push_back(*formula);
    }
    if (formulas.empty()) return std::nullopt;
    if (formulas.size() == 1) return formulas[0];
    std::vector<std::string> texts;
    for (const CycleFormula& formula : formulas) texts.push_back(formula.Text());
    std::sort(texts.begin(), texts.end());
    return CycleFormula::Symbol(absl::StrCat(least ? "min(" : "max(", absl::StrJoin(texts, ", "), ")"));
  }

  // `shift`: bits of `value` that are dropped below.
  std::optional<CycleFormula> ReadValue(const llvm::Value& value, uint64_t shift, int depth) const {
    const auto* instruction = llvm::dyn_cast<llvm::Instruction>(&value);
    if (!instruction || depth > kMaxDepth) return std::nullopt;
    if (const auto* call = llvm::dyn_cast<llvm::CallInst>(instruction)) return ReadCall(*call, shift, depth);
    switch (instruction->getOpcode()) {
      case llvm::Instruction::Trunc:
      case llvm::Instruction::ZExt:
      case llvm::Instruction::SExt:
      case llvm::Instruction::Freeze:
        return ReadValue(*instruction->getOperand(0), shift, depth + 1);
      case llvm::Instruction::LShr: {
        const auto* bits = llvm::dyn_cast<llvm::ConstantInt>(instruction->getOperand(1));
        if (!bits || bits->getValue().getActiveBits() > 32) return std::nullopt;
        return ReadValue(*instruction->getOperand(0), shift + bits->getZExtValue(), depth + 1);
      }
      case llvm::Instruction::Select: {
        const auto* select = llvm::cast<llvm::SelectInst>(instruction);
        const llvm::Value* yes = select->getTrueValue();
        const llvm::Value* no = select->getFalseValue();
        if (llvm::isa<llvm::ConstantInt>(yes)) return ReadValue(*no, shift, depth + 1);
        if (llvm::isa<llvm::ConstantInt>(no)) return ReadValue(*yes, shift, depth + 1);
        return std::nullopt;
      }
      default:
        return std::nullopt;
    }
  }

  std::optional<CycleFormula> ReadCall(const llvm::CallInst& call, uint64_t shift, int depth) const {
    switch (call.getIntrinsicID()) {
      case llvm::Intrinsic::umin:
      case llvm::Intrinsic::smin:
      case llvm::Intrinsic::umax:
      case llvm::Intrinsic::smax:
        if (!llvm::isa<llvm::ConstantInt>(call.getArgOperand(1))) return std::nullopt;
        return ReadValue(*call.getArgOperand(0), shift, depth + 1);
      default:
        break;
    }
    const llvm::Function* callee = call.getCalledFunction();
    if (!callee || !callee->getName().starts_with(kFifoPop) || loops_.getLoopFor(call.getParent())) {
      return std::nullopt;
    }
    if (shift % kWordBits != 0) return std::nullopt;
    return CycleFormula::Symbol(absl::StrCat(ObjectName(llvm::getUnderlyingObject(call.getArgOperand(0), 0)),
                                             ".", shift / kWordBits));
  }

  const llvm::LoopInfo& loops_;
};

}  // namespace

std::optional<CycleFormula> TripCountFormula(const llvm::Loop& loop, const llvm::LoopInfo& loops,
                                             llvm::ScalarEvolution& scev) {
  const llvm::SCEV* taken = scev.getBackedgeTakenCount(&loop);
  if (llvm::isa<llvm::SCEVCouldNotCompute>(taken)) return std::nullopt;
  return CountReader(loops).Read(scev.getAddExpr(taken, scev.getOne(taken->getType())));
}

}  // namespace streamtensor::schedule
