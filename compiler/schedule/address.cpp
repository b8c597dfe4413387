// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/address.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <set>

#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/IR/InstrTypes.h"

namespace streamtensor::schedule {
namespace {

constexpr size_t kMaxOrLeaves = 16;
// How far apart in an outer loop a dependence is looked for; farther ones never bind.
constexpr int64_t kFarthestOuter = 4;
// Iterations of an inner loop whose accesses are compared one by one.
constexpr int64_t kMostMeetings = 128;
// Iterations of a loop whose count isn't known, for comparing distances.
constexpr int64_t kManyIterations = 1 << 20;

class FormBuilder {
 public:
  FormBuilder(llvm::ScalarEvolution& scev, LinearForm& form) : scev_(scev), form_(form) {}

  // Adds factor * expression.
  void Add(const llvm::SCEV* expression, int64_t factor) {
    switch (expression->getSCEVType()) {
      case llvm::scConstant:
        form_.constant += factor * Constant(expression);
        return;
      case llvm::scAddExpr:
        for (const llvm::SCEV* term : llvm::cast<llvm::SCEVAddExpr>(expression)->operands())
          Add(term, factor);
        return;
      case llvm::scMulExpr: {
        const auto* product = llvm::cast<llvm::SCEVMulExpr>(expression);
        if (product->getNumOperands() != 2 || !llvm::isa<llvm::SCEVConstant>(product->getOperand(0))) break;
        Add(product->getOperand(1), factor * Constant(product->getOperand(0)));
        return;
      }
      case llvm::scAddRecExpr: {
        const auto* counter = llvm::cast<llvm::SCEVAddRecExpr>(expression);
        if (!counter->isAffine() || !llvm::isa<llvm::SCEVConstant>(counter->getOperand(1))) break;
        Add(counter->getStart(), factor);
        form_.steps[counter->getLoop()] += factor * Constant(counter->getOperand(1));
        return;
      }
      case llvm::scZeroExtend:
      case llvm::scSignExtend:
      case llvm::scTruncate:
        Add(llvm::cast<llvm::SCEVCastExpr>(expression)->getOperand(), factor);
        return;
      case llvm::scUnknown:
        if (AddDisjointOr(llvm::cast<llvm::SCEVUnknown>(expression)->getValue(), factor)) return;
        break;
      default:
        break;
    }
    form_.symbols[expression] += factor;
  }

 private:
  static int64_t Constant(const llvm::SCEV* expression) {
    const llvm::APInt& value = llvm::cast<llvm::SCEVConstant>(expression)->getAPInt();
    return value.getSignificantBits() <= 64 ? value.getSExtValue() : 0;
  }

  // The bits that a value may have; nothing for wide ones.
  std::optional<uint64_t> PossibleBits(llvm::Value* value) {
    if (value->getType()->getIntegerBitWidth() > 64) return std::nullopt;
    if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value)) return constant->getZExtValue();
    const llvm::SCEV* expression = scev_.getSCEV(value);
    const unsigned high = scev_.getUnsignedRangeMax(expression).getActiveBits();
    const unsigned low = scev_.getMinTrailingZeros(expression);
    const uint64_t below_high = high >= 64 ? ~uint64_t{0} : (uint64_t{1} << high) - 1;
    return low >= 64 ? 0 : below_high >> low << low;
  }

  // InstCombine writes sums of disjoint bits as `or`: they are sums again.
  bool AddDisjointOr(llvm::Value* value, int64_t factor) {
    auto* top = llvm::dyn_cast<llvm::BinaryOperator>(value);
    if (!top || top->getOpcode() != llvm::Instruction::Or) return false;
    std::vector<llvm::Value*> open = {top}, leaves;
    while (!open.empty()) {
      llvm::Value* next = open.back();
      open.pop_back();
      auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(next);
      if (sum && leaves.size() + open.size() < kMaxOrLeaves &&
          (sum->getOpcode() == llvm::Instruction::Or || sum->getOpcode() == llvm::Instruction::Add)) {
        open.push_back(sum->getOperand(0));
        open.push_back(sum->getOperand(1));
      } else {
        leaves.push_back(next);
      }
    }
    uint64_t used = 0;
    for (llvm::Value* leaf : leaves) {
      const std::optional<uint64_t> bits = PossibleBits(leaf);
      if (!bits || (used & *bits) != 0) return false;
      used |= *bits;
    }
    for (llvm::Value* leaf : leaves) Add(scev_.getSCEV(leaf), factor);
    return true;
  }

  llvm::ScalarEvolution& scev_;
  LinearForm& form_;
};

// Finds the least positive flattened distance x with sum of steps[i] * x[i] = rest.
class LeastDistance {
 public:
  LeastDistance(const std::vector<NestLoop>& nest, const LinearForm& address) : nest_(nest) {
    for (const NestLoop& level : nest) steps_.push_back(address.Step(level.loop));
    distance_.resize(nest.size());
  }
  // 0: none.
  int64_t Find(int64_t rest) {
    Search(0, rest);
    return best_;
  }

 private:
  bool Search(size_t level, int64_t rest) {
    if (level + 1 == nest_.size()) return SearchLast(level, rest);
    const int64_t trip = nest_[level].trip;
    const int64_t farthest = trip != 0 ? std::min(trip - 1, kFarthestOuter) : kFarthestOuter;
    for (int64_t iterations = 0; iterations <= farthest; ++iterations) {
      distance_[level] = iterations;
      if (Search(level + 1, rest - steps_[level] * iterations)) return true;
    }
    return false;
  }
  bool SearchLast(size_t level, int64_t rest) {
    const int64_t trip = nest_[level].trip;
    int64_t& iterations = distance_[level];
    if (steps_[level] == 0) {
      if (rest != 0) return false;
      iterations = 0;
      if (Flattened() <= 0) {
        if (trip == 1) return false;
        iterations = 1;
      }
    } else {
      if (rest % steps_[level] != 0) return false;
      iterations = rest / steps_[level];
      if (trip != 0 && std::abs(iterations) >= trip) return false;
    }
    const int64_t flattened = Flattened();
    if (flattened <= 0) return false;
    best_ = best_ == 0 ? flattened : std::min(best_, flattened);
    return true;
  }
  int64_t Flattened() const {
    int64_t flattened = 0;
    for (size_t i = 0; i < nest_.size(); ++i) {
      flattened = flattened * (nest_[i].trip != 0 ? nest_[i].trip : kManyIterations) + distance_[i];
    }
    return flattened;
  }

  const std::vector<NestLoop>& nest_;
  std::vector<int64_t> steps_, distance_;
  int64_t best_ = 0;
};

// Forms of different steps that never meet: other residues, or other ranges.
bool NeverMeet(const Access& earlier, const Access& later, const std::vector<NestLoop>& nest,
               int64_t difference) {
  int64_t divisor = 0;
  for (const NestLoop& level : nest) {
    divisor = std::gcd(divisor, std::abs(earlier.address->Step(level.loop)));
    divisor = std::gcd(divisor, std::abs(later.address->Step(level.loop)));
  }
  if (divisor > later.bytes) {
    const int64_t residue = std::abs(difference) % divisor;
    if (residue >= later.bytes && residue <= divisor - later.bytes) return true;
  }
  int64_t low = difference, high = difference;
  for (const NestLoop& level : nest) {
    if (level.trip == 0) return false;
    for (const int64_t reach : {later.address->Step(level.loop) * (level.trip - 1),
                                -earlier.address->Step(level.loop) * (level.trip - 1)}) {
      (reach > 0 ? high : low) += reach;
    }
  }
  return low >= earlier.bytes || high <= -later.bytes;
}

// The least positive flattened distance at which accesses meet that step differently in the innermost loop
// only; 0: none, nothing: not computed.
std::optional<int64_t> LeastMeeting(const Access& earlier, const Access& later,
                                    const std::vector<NestLoop>& nest) {
  const NestLoop& inner = nest.back();
  if (inner.trip <= 0 || inner.trip > kMostMeetings) return std::nullopt;
  for (const NestLoop& level : nest) {
    const bool equal = earlier.address->Step(level.loop) == later.address->Step(level.loop);
    if (level.trip == 0 || (level.loop != inner.loop && !equal)) return std::nullopt;
  }
  const int64_t write_step = earlier.address->Step(inner.loop), read_step = later.address->Step(inner.loop);
  const int64_t outer_step = nest.size() > 1 ? earlier.address->Step(nest[nest.size() - 2].loop) : 0;
  for (size_t level = 0; level + 2 < nest.size(); ++level) {
    // Of further loops only those that don't matter.
    if (earlier.address->Step(nest[level].loop) != 0 && nest[level].trip > 1) return std::nullopt;
  }
  const int64_t rounds = nest.size() > 1 ? std::min(nest[nest.size() - 2].trip - 1, kFarthestOuter) : 0;
  int64_t best = 0;
  for (int64_t round = 0; round <= rounds; ++round) {
    const int64_t offset = later.address->constant - earlier.address->constant + outer_step * round;
    for (int64_t write = 0; write < inner.trip; ++write) {
      for (int64_t read = 0; read < inner.trip; ++read) {
        const int64_t apart = offset + read_step * read - write_step * write;
        if (apart >= earlier.bytes || -apart >= later.bytes) continue;
        const int64_t distance = round * inner.trip + read - write;
        if (distance > 0 && (best == 0 || distance < best)) best = distance;
      }
    }
  }
  return best;
}

}  // namespace

LinearForm AddressForm(const llvm::Value* address, llvm::ScalarEvolution& scev) {
  LinearForm form;
  FormBuilder(scev, form).Add(scev.getSCEV(const_cast<llvm::Value*>(address)), 1);
  std::erase_if(form.steps, [](const auto& step) { return step.second == 0; });
  std::erase_if(form.symbols, [](const auto& symbol) { return symbol.second == 0; });
  return form;
}

Dependence DependenceOf(const Access& earlier, const Access& later, const std::vector<NestLoop>& nest,
                        int64_t inner_iterations) {
  const LinearForm& a = *earlier.address;
  const LinearForm& b = *later.address;
  if (nest.empty()) return {.unknown = true, .distance = 1};
  bool known = a.symbols == b.symbols, equal = true;
  std::set<const llvm::Loop*> around;
  for (const NestLoop& level : nest) {
    around.insert(level.loop);
    equal &= a.Step(level.loop) == b.Step(level.loop);
  }
  for (const LinearForm* form : {&a, &b}) {
    for (const auto& [loop, step] : form->steps) {
      if (around.count(loop) == 0 && a.Step(loop) != b.Step(loop)) known = false;
    }
  }
  const int64_t difference = b.constant - a.constant;
  if (known && !equal) {
    if (NeverMeet(earlier, later, nest, difference)) return {};
    if (const std::optional<int64_t> distance = LeastMeeting(earlier, later, nest)) {
      return {.same_iteration = true, .unknown = true, .distance = *distance * inner_iterations};
    }
  }
  if (!known || !equal) return {.unknown = true, .distance = 1};
  Dependence found;
  found.same_iteration = difference < earlier.bytes && -difference < later.bytes;
  found.distance = LeastDistance(nest, a).Find(-difference) * inner_iterations;
  return found;
}

}  // namespace streamtensor::schedule
