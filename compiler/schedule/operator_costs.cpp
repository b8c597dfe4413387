// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/operator_costs.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "llvm/ADT/MapVector.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"
#include "llvm/Support/KnownBits.h"
#include "llvm/Support/MathExtras.h"

namespace streamtensor::schedule {
namespace {

class Coster {
 public:
  explicit Coster(const CostContext& context) : context_(context) {}

  OperatorCost Cost(const llvm::Instruction& i) const {
    switch (i.getOpcode()) {
      case llvm::Instruction::FAdd:
      case llvm::Instruction::FSub:
        return Floating(i, Operator::kFAdd, Operator::kDAdd);
      case llvm::Instruction::FMul:
        return Floating(i, Operator::kFMul, Operator::kDMul);
      case llvm::Instruction::FDiv:
        return Floating(i, Operator::kFDiv, Operator::kDDiv);
      case llvm::Instruction::FCmp:
        return Unit(i.getOperand(0)->getType()->isDoubleTy() ? Operator::kDCmp : Operator::kFCmp);
      case llvm::Instruction::FNeg:
        return Logic(Fabric::kLogic, 1);
      case llvm::Instruction::SIToFP:
      case llvm::Instruction::UIToFP:
        return Unit(Operator::kIToFp);
      case llvm::Instruction::FPToSI:
      case llvm::Instruction::FPToUI:
        return Unit(Operator::kFpToI);
      case llvm::Instruction::FPExt:
      case llvm::Instruction::FPTrunc:
        return Unit(Operator::kFpExt);
      case llvm::Instruction::PHI:
        return Phi(llvm::cast<llvm::PHINode>(i));
      case llvm::Instruction::GetElementPtr:
        return Address(llvm::cast<llvm::GetElementPtrInst>(i));
      case llvm::Instruction::Call:
        return Call(llvm::cast<llvm::CallInst>(i));
      default:
        return Integer(i);
    }
  }

 private:
  int64_t Width(const llvm::Value* value) const { return ValueWidth(value, context_.layout); }

  OperatorCost Unit(Operator op) const {
    return {context_.costs.Choose(op, context_.budget_ns), kOperatorNames[static_cast<std::size_t>(op)]};
  }
  OperatorCost Floating(const llvm::Instruction& i, Operator single, Operator twice) const {
    return Unit(i.getType()->isDoubleTy() ? twice : single);
  }
  OperatorCost Logic(Fabric fabric, int64_t width) const {
    const FabricPoint point = context_.costs.Logic(fabric, width);
    return {{.delay_ns = point.delay_ns, .lut = std::lround(point.lut)}, ""};
  }

  OperatorCost Integer(const llvm::Instruction& i) const {
    switch (i.getOpcode()) {
      case llvm::Instruction::Add:
      case llvm::Instruction::Sub:
        return Logic(Fabric::kAdd,
                     std::min(Width(&i), std::max(Width(i.getOperand(0)), Width(i.getOperand(1))) + 1));
      case llvm::Instruction::Mul:
        return Multiply(i);
      case llvm::Instruction::UDiv:
      case llvm::Instruction::SDiv:
      case llvm::Instruction::URem:
      case llvm::Instruction::SRem:
        return Divide(i);
      case llvm::Instruction::ICmp:
        return Logic(Fabric::kCompare, std::max(Width(i.getOperand(0)), Width(i.getOperand(1))));
      case llvm::Instruction::Select:
        return Holds(i) ? OperatorCost() : Logic(Fabric::kSelect, Width(&i));
      case llvm::Instruction::And:
        return llvm::isa<llvm::Constant>(i.getOperand(1)) ? OperatorCost() : Logic(Fabric::kLogic, Width(&i));
      case llvm::Instruction::Or:
        // Bits side by side are wires.
        if (llvm::haveNoCommonBitsSet(i.getOperand(0), i.getOperand(1), context_.layout)) return {};
        return Logic(Fabric::kLogic, Width(&i));
      case llvm::Instruction::Xor:
        return Logic(Fabric::kLogic, Width(&i));
      case llvm::Instruction::Shl:
      case llvm::Instruction::LShr:
      case llvm::Instruction::AShr:
        if (llvm::isa<llvm::Constant>(i.getOperand(1))) return {};
        return Logic(Fabric::kShift, i.getType()->getIntegerBitWidth());
      default:
        return {};
    }
  }

  OperatorCost Multiply(const llvm::Instruction& i) const {
    int64_t a = Width(i.getOperand(0)), b = Width(i.getOperand(1));
    if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(i.getOperand(1))) {
      const unsigned ones = constant->getValue().popcount();
      if (ones <= 1) return {};
      if (ones == 2) return Logic(Fabric::kAdd, Width(&i));
    }
    if (a < b) std::swap(a, b);
    return {context_.costs.Multiply(a, b, context_.budget_ns), "mul", {a, b}};
  }

  OperatorCost Divide(const llvm::Instruction& i) const {
    if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(i.getOperand(1))) {
      if (constant->getValue().isPowerOf2()) return Logic(Fabric::kSelect, 1);
    }
    const int64_t bits = Width(i.getOperand(0));
    const ToolRules& tool = context_.costs.tool;
    OperatorCost cost = Logic(Fabric::kAdd, bits);
    // A subtractor and its registers for each bit of the quotient.
    cost.core = {bits + tool.divider_latency, tool.divider_ns, 0, cost.core.lut * bits, 2 * bits * bits};
    cost.unit = "idiv";
    cost.widths = {bits, Width(i.getOperand(1))};
    return cost;
  }

  OperatorCost Phi(const llvm::PHINode& phi) const {
    const llvm::Loop* loop = context_.loops.getLoopFor(phi.getParent());
    if (!loop || phi.getParent() != loop->getHeader()) {
      if (phi.getNumIncomingValues() == 2 && Holds(phi)) return {};
      return Logic(Fabric::kMux, phi.getNumIncomingValues());
    }
    if (context_.inner == context_.outer) return {};
    // In a flattened nest the counters are computed before they are used, and a value may be reset.
    if (phi.getType()->isIntegerTy()) return {{.delay_ns = context_.costs.tool.flatten_index_ns}, ""};
    return loop == context_.outer || PassesThrough(phi, *loop) || IsResetByText(phi)
               ? OperatorCost()
               : Logic(Fabric::kSelect, Width(&phi));
  }
  // The text itself chooses between the value and a constant: one multiplexer for both.
  static bool IsResetByText(const llvm::PHINode& phi) {
    if (!phi.hasOneUse()) return false;
    const auto* select = llvm::dyn_cast<llvm::SelectInst>(*phi.user_begin());
    return select && (llvm::isa<llvm::Constant>(select->getTrueValue()) ||
                      llvm::isa<llvm::Constant>(select->getFalseValue()));
  }
  // Carried by the loop around too, so that nothing resets it.
  static bool PassesThrough(const llvm::PHINode& phi, const llvm::Loop& loop) {
    const llvm::BasicBlock* before = loop.getLoopPreheader();
    const auto* start =
        before ? llvm::dyn_cast<llvm::PHINode>(phi.getIncomingValueForBlock(before)) : nullptr;
    return start && loop.getParentLoop() && start->getParent() == loop.getParentLoop()->getHeader();
  }
  // Chooses between a register's new value and its own: an enable, no multiplexer.
  bool Holds(const llvm::Instruction& choice) const {
    for (const llvm::Value* operand : choice.operands()) {
      const auto* phi = llvm::dyn_cast<llvm::PHINode>(operand);
      const llvm::Loop* loop = phi ? context_.loops.getLoopFor(phi->getParent()) : nullptr;
      if (!loop || phi->getParent() != loop->getHeader() || !loop->contains(&choice)) continue;
      const llvm::BasicBlock* latch = loop->getLoopLatch();
      if (latch && phi->getIncomingValueForBlock(latch) == &choice) return true;
    }
    return false;
  }

  // A sum of the parts that vary; none for two dimensions whose places are wires.
  OperatorCost Address(const llvm::GetElementPtrInst& address) const {
    llvm::MapVector<llvm::Value*, llvm::APInt> variables;
    const unsigned index_bits = context_.layout.getIndexTypeSizeInBits(address.getType());
    llvm::APInt offset(index_bits, 0);
    if (!address.collectOffset(context_.layout, index_bits, variables, offset)) return {};
    uint64_t unit = 0;
    for (const auto& [value, scale] : variables) unit = std::gcd(unit, scale.getZExtValue());
    int64_t terms = 0, width = 10;
    bool invariant = false, multiplies = false;
    for (const auto& [value, scale] : variables) {
      if (context_.outer && context_.scev.isLoopInvariant(context_.scev.getSCEV(value), context_.outer)) {
        invariant = true;
        continue;
      }
      ++terms;
      multiplies |= unit != 0 && !llvm::isPowerOf2_64(scale.getZExtValue() / unit);
      width = std::max(width, std::min<int64_t>(16, Width(value)));
    }
    if (terms == 0) return {};
    if (invariant) ++terms;
    if (unit != 0 && std::abs(offset.getSExtValue()) >= static_cast<int64_t>(unit)) ++terms;
    if (!multiplies && terms <= 2 && offset == 0) return {};
    const auto* base = llvm::dyn_cast<llvm::GetElementPtrInst>(address.getPointerOperand());
    int64_t adders = terms - 1 + (multiplies ? 2 : 0);
    if (base && !base->hasAllConstantIndices()) ++adders;
    OperatorCost cost = Logic(Fabric::kAdd, width);
    cost.core.delay_ns *= static_cast<double>(adders);
    cost.core.lut *= adders;
    return cost;
  }

  OperatorCost Call(const llvm::CallInst& call) const {
    const llvm::Function* callee = call.getCalledFunction();
    const llvm::StringRef name = callee ? callee->getName() : "";
    if (name == "sqrtf" || name == "llvm.sqrt.f32") return Unit(Operator::kFSqrt);
    if (name == "sqrt" || name == "llvm.sqrt.f64") return Unit(Operator::kDSqrt);
    if (name == "expf" || name == "llvm.exp.f32") return Unit(Operator::kFExp);
    switch (call.getIntrinsicID()) {
      case llvm::Intrinsic::smax:
      case llvm::Intrinsic::smin:
      case llvm::Intrinsic::umax:
      case llvm::Intrinsic::umin: {
        OperatorCost cost = Logic(Fabric::kCompare, Width(&call));
        const OperatorCost select = Logic(Fabric::kSelect, Width(&call));
        cost.core.delay_ns += select.core.delay_ns;
        cost.core.lut += select.core.lut;
        return cost;
      }
      case llvm::Intrinsic::maxnum:
      case llvm::Intrinsic::minnum:
        return Unit(call.getType()->isDoubleTy() ? Operator::kDCmp : Operator::kFCmp);
      case llvm::Intrinsic::abs:
        return Logic(Fabric::kAdd, Width(call.getArgOperand(0)));
      case llvm::Intrinsic::ctlz:
      case llvm::Intrinsic::cttz:
      case llvm::Intrinsic::ctpop:
        return Logic(Fabric::kShift, Width(call.getArgOperand(0)));
      default:
        return {};
    }
  }

  const CostContext& context_;
};

}  // namespace

int64_t ValueWidth(const llvm::Value* value, const llvm::DataLayout& layout) {
  llvm::Type* type = value->getType();
  if (!type->isSized()) return 1;
  if (!type->isIntegerTy()) return static_cast<int64_t>(layout.getTypeSizeInBits(type).getFixedValue());
  if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value)) {
    const llvm::APInt& bits = constant->getValue();
    return std::max(1u, std::min(bits.getActiveBits(), bits.getSignificantBits()));
  }
  if (llvm::isa<llvm::Constant>(value)) return type->getIntegerBitWidth();
  const unsigned as_unsigned = llvm::computeKnownBits(value, layout).getMaxValue().getActiveBits();
  const unsigned as_signed = type->getIntegerBitWidth() - llvm::ComputeNumSignBits(value, layout) + 1;
  return std::max(1u, std::min(as_unsigned, as_signed));
}

OperatorCost CostOf(const llvm::Instruction& instruction, const CostContext& context) {
  return Coster(context).Cost(instruction);
}

}  // namespace streamtensor::schedule
