// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/balancing.h"

#include <set>
#include <utility>
#include <vector>

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"

namespace streamtensor::schedule {
namespace {

bool IsSum(const llvm::Value* value) {
  const auto* add = llvm::dyn_cast<llvm::BinaryOperator>(value);
  return add && add->getOpcode() == llvm::Instruction::FAdd && add->hasAllowReassoc();
}

// A sum that only the sum `user` of its own block takes.
bool IsInner(const llvm::Value* value, const llvm::Instruction& user) {
  return IsSum(value) && value->hasOneUse() &&
         llvm::cast<llvm::Instruction>(value)->getParent() == user.getParent();
}

void AddLeaves(llvm::BinaryOperator& sum, std::vector<llvm::Value*>& leaves) {
  for (llvm::Value* operand : sum.operands()) {
    if (IsInner(operand, sum)) {
      AddLeaves(*llvm::cast<llvm::BinaryOperator>(operand), leaves);
    } else {
      leaves.push_back(operand);
    }
  }
}

// The arrays that a loop writes.
std::set<const llvm::Value*> Written(const llvm::Loop& loop) {
  std::set<const llvm::Value*> objects;
  for (const llvm::BasicBlock* block : loop.blocks()) {
    for (const llvm::Instruction& instruction : *block) {
      if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
        objects.insert(llvm::getUnderlyingObject(store->getPointerOperand(), 0));
      }
    }
  }
  return objects;
}

bool IsCarried(const llvm::Value* leaf, const llvm::Loop& loop, const std::set<const llvm::Value*>& written) {
  if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(leaf)) return phi->getParent() == loop.getHeader();
  if (const auto* select = llvm::dyn_cast<llvm::SelectInst>(leaf)) {
    return IsCarried(select->getTrueValue(), loop, written) ||
           IsCarried(select->getFalseValue(), loop, written);
  }
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(leaf);
  return load && written.count(llvm::getUnderlyingObject(load->getPointerOperand(), 0)) != 0;
}

llvm::Value* Tree(std::vector<llvm::Value*> level, llvm::IRBuilder<>& builder) {
  while (level.size() > 1) {
    std::vector<llvm::Value*> next;
    for (size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(builder.CreateFAdd(level[i], level[i + 1]));
    if (level.size() % 2 != 0) next.push_back(level.back());
    level = std::move(next);
  }
  return level[0];
}

}  // namespace

void BalanceSums(llvm::Function& function, const llvm::LoopInfo& loops) {
  std::vector<llvm::BinaryOperator*> roots;
  for (llvm::BasicBlock& block : function) {
    for (llvm::Instruction& instruction : block) {
      if (!IsSum(&instruction)) continue;
      const auto* user =
          instruction.hasOneUse() ? llvm::dyn_cast<llvm::Instruction>(*instruction.user_begin()) : nullptr;
      if (user && IsSum(user) && IsInner(&instruction, *user)) continue;
      roots.push_back(llvm::cast<llvm::BinaryOperator>(&instruction));
    }
  }
  for (llvm::BinaryOperator* root : roots) {
    std::vector<llvm::Value*> leaves;
    AddLeaves(*root, leaves);
    if (leaves.size() < 3) continue;
    const llvm::Loop* loop = loops.getLoopFor(root->getParent());
    const std::set<const llvm::Value*> written = loop ? Written(*loop) : std::set<const llvm::Value*>();
    std::vector<llvm::Value*> fresh, carried;
    for (llvm::Value* leaf : leaves)
      (loop && IsCarried(leaf, *loop, written) ? carried : fresh).push_back(leaf);
    llvm::IRBuilder<> builder(root);
    builder.setFastMathFlags(root->getFastMathFlags());
    llvm::Value* sum = fresh.empty() ? nullptr : Tree(std::move(fresh), builder);
    for (llvm::Value* leaf : carried) sum = sum ? builder.CreateFAdd(leaf, sum) : leaf;
    root->replaceAllUsesWith(sum);
  }
}

}  // namespace streamtensor::schedule
