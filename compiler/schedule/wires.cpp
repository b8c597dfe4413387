// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/wires.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/schedule/operator_costs.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Support/KnownBits.h"

namespace streamtensor::schedule {
namespace {

size_t TypeBits(const llvm::Type* type, const llvm::DataLayout& layout) {
  if (!type->isSized() || type->isPointerTy()) return 0;
  return layout.getTypeSizeInBits(const_cast<llvm::Type*>(type)).getFixedValue();
}

// The constant by which `instruction` shifts; nothing if it varies or is too large.
std::optional<size_t> ShiftOf(const llvm::Instruction& instruction, size_t bits) {
  const auto* by = llvm::dyn_cast<llvm::ConstantInt>(instruction.getOperand(1));
  if (!by || by->getValue().uge(bits)) return std::nullopt;
  return by->getZExtValue();
}

}  // namespace

Wires::Wires(const LoopGraph& graph, const llvm::DataLayout& layout)
    : graph_(graph),
      layout_(layout),
      wire_(graph.nodes.size()),
      width_(graph.nodes.size()),
      bits_(graph.nodes.size()) {
  for (size_t v = 0; v < graph.nodes.size(); ++v) {
    const llvm::Instruction* instruction = graph.nodes[v].instruction;
    index_[instruction] = v;
    const size_t bits = TypeBits(instruction->getType(), layout);
    if (bits == 0) continue;
    if (Connect(v, bits_[v])) {
      wire_[v] = true;
      continue;
    }
    bits_[v].resize(bits);
    width_[v] = std::min<int64_t>(ValueWidth(instruction, layout), static_cast<int64_t>(bits));
    for (size_t i = 0; i < bits; ++i) {
      bits_[v][i] = {static_cast<int>(v),
                     static_cast<int>(std::min<int64_t>(static_cast<int64_t>(i), width_[v] - 1))};
    }
  }
}

std::vector<Wires::Bit> Wires::Operand(const llvm::Value* value) const {
  const auto found = index_.find(value);
  if (found != index_.end()) return bits_[found->second];
  std::vector<Bit> bits(TypeBits(value->getType(), layout_));
  if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value)) {
    for (size_t i = 0; i < bits.size(); ++i) {
      if (!constant->getValue()[static_cast<unsigned>(i)]) bits[i] = {kZero, 0};
    }
  }
  return bits;
}

bool Wires::Connect(size_t node, std::vector<Bit>& bits) const {
  if (graph_.nodes[node].kind != NodeKind::kPlain) return false;
  const llvm::Instruction& instruction = *graph_.nodes[node].instruction;
  const size_t size = TypeBits(instruction.getType(), layout_);
  const auto low = [&](size_t count) {
    bits = Operand(instruction.getOperand(0));
    bits.resize(count, {kZero, 0});
  };
  switch (instruction.getOpcode()) {
    case llvm::Instruction::Trunc:
    case llvm::Instruction::ZExt:
    case llvm::Instruction::Freeze:
      low(size);
      return true;
    case llvm::Instruction::BitCast:
      if (TypeBits(instruction.getOperand(0)->getType(), layout_) != size) return false;
      low(size);
      return true;
    case llvm::Instruction::SExt: {
      bits = Operand(instruction.getOperand(0));
      bits.resize(size, bits.empty() ? Bit() : bits.back());
      return true;
    }
    case llvm::Instruction::Shl: {
      const std::optional<size_t> by = ShiftOf(instruction, size);
      if (!by) return false;
      low(size - *by);
      bits.insert(bits.begin(), *by, {kZero, 0});
      return true;
    }
    case llvm::Instruction::LShr:
    case llvm::Instruction::AShr: {
      const std::optional<size_t> by = ShiftOf(instruction, size);
      if (!by) return false;
      const bool is_signed = instruction.getOpcode() == llvm::Instruction::AShr;
      bits = Operand(instruction.getOperand(0));
      const Bit sign = !is_signed ? Bit{kZero, 0} : bits.empty() ? Bit() : bits.back();
      bits.erase(bits.begin(), bits.begin() + static_cast<std::ptrdiff_t>(std::min(*by, bits.size())));
      bits.resize(size, sign);
      return true;
    }
    case llvm::Instruction::And: {
      const auto* mask = llvm::dyn_cast<llvm::ConstantInt>(instruction.getOperand(1));
      if (!mask) return false;
      low(size);
      for (size_t i = 0; i < size; ++i) {
        if (!mask->getValue()[static_cast<unsigned>(i)]) bits[i] = {kZero, 0};
      }
      return true;
    }
    case llvm::Instruction::Or: {
      const llvm::Value* a = instruction.getOperand(0);
      const llvm::Value* b = instruction.getOperand(1);
      // LLVM looks only a few operations back: a word of many lanes is followed here.
      const llvm::APInt zero_a = llvm::computeKnownBits(a, layout_).Zero;
      const llvm::APInt zero_b = llvm::computeKnownBits(b, layout_).Zero;
      const std::vector<Bit> of_a = Operand(a), of_b = Operand(b);
      if (of_a.size() != size || of_b.size() != size) return false;
      const bool apart = llvm::haveNoCommonBitsSet(a, b, layout_);
      std::vector<Bit> either(size);
      for (size_t i = 0; i < size; ++i) {
        const auto bit = static_cast<unsigned>(i);
        if (of_a[i].node == kZero || zero_a[bit]) {
          either[i] = of_b[i];
        } else if (of_b[i].node == kZero || zero_b[bit] || apart) {
          either[i] = of_a[i];
        } else {
          return false;
        }
      }
      bits = std::move(either);
      return true;
    }
    default:
      return false;
  }
}

}  // namespace streamtensor::schedule
