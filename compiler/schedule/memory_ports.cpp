// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/memory_ports.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"

namespace streamtensor::schedule {
namespace {

void AddDimensions(llvm::Type* type, const llvm::DataLayout& layout, ArrayShape& shape) {
  while (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    shape.extents.push_back(static_cast<int64_t>(array->getNumElements()));
    type = array->getElementType();
    shape.strides.push_back(static_cast<int64_t>(layout.getTypeAllocSize(type).getFixedValue()));
  }
  shape.element_bits = static_cast<int64_t>(layout.getTypeAllocSizeInBits(type).getFixedValue());
}

// What the address arithmetic says of a pointer's elements: the largest type that is stepped over or read.
llvm::Type* PointedType(const llvm::Value* pointer, const llvm::DataLayout& layout) {
  llvm::Type* best = nullptr;
  const auto consider = [&](llvm::Type* type) {
    if (!best || layout.getTypeAllocSize(type) > layout.getTypeAllocSize(best)) best = type;
  };
  for (const llvm::User* user : pointer->users()) {
    if (const auto* address = llvm::dyn_cast<llvm::GEPOperator>(user)) {
      llvm::Type* type = address->getSourceElementType();
      if (!type->isIntegerTy(8) || !best) consider(type);
    } else if (const auto* access = llvm::dyn_cast<llvm::Instruction>(user)) {
      if (llvm::getLoadStorePointerOperand(access) != pointer) continue;
      const auto* load = llvm::dyn_cast<llvm::LoadInst>(access);
      consider(load ? load->getType() : llvm::cast<llvm::StoreInst>(access)->getValueOperand()->getType());
    }
  }
  return best;
}

// How far a distance in bytes leads in dimension `dimension`.
int64_t Digit(int64_t bytes, const ArrayShape& shape, size_t dimension) {
  const int64_t sign = bytes < 0 ? -1 : 1;
  int64_t rest = std::abs(bytes);
  for (size_t i = 0; i < dimension; ++i) rest %= shape.strides[i];
  return sign * (rest / shape.strides[dimension]);
}

size_t DimensionOf(const Partition& partition, const ArrayShape& shape) {
  return static_cast<size_t>(
      std::clamp<int64_t>(partition.dimension - 1, 0, static_cast<int64_t>(shape.extents.size()) - 1));
}

int64_t FactorOf(const Partition& partition, const ArrayShape& shape) {
  const int64_t extent = shape.extents[DimensionOf(partition, shape)];
  if (partition.kind == Partition::Kind::kComplete) return extent == kUnknownExtent ? 1 : extent;
  return std::max<int64_t>(1, std::min(partition.factor, extent));
}

int64_t Combine(int64_t hash, int64_t value) {
  return static_cast<int64_t>(static_cast<uint64_t>(hash) * 1000003u ^ static_cast<uint64_t>(value));
}

// The bank of an access in one partitioned dimension, and everything else that the bank depends on.
void AddDimension(const Partition& partition, const ArrayShape& shape, Node& node) {
  const size_t dimension = DimensionOf(partition, shape);
  const int64_t factor = FactorOf(partition, shape);
  if (factor <= 1) return;
  const bool block = partition.kind == Partition::Kind::kBlock;
  const auto moves = [&](int64_t digit) { return block ? digit != 0 : digit % factor != 0; };
  int64_t varying = 0;
  for (const auto& [loop, step] : node.address.steps) {
    const int64_t digit = Digit(step, shape, dimension);
    if (moves(digit)) varying = Combine(Combine(varying, reinterpret_cast<intptr_t>(loop)), digit);
  }
  for (const auto& [symbol, step] : node.address.symbols) {
    if (symbol->getType()->isPointerTy()) continue;
    const int64_t digit = Digit(step, shape, dimension);
    if (moves(digit)) varying = Combine(Combine(varying, reinterpret_cast<intptr_t>(symbol)), digit);
  }
  if (varying != 0) node.bank_class = Combine(node.bank_class, varying);
  const int64_t place = Digit(node.address.constant, shape, dimension);
  const int64_t size = (shape.extents[dimension] + factor - 1) / factor;
  const int64_t bank = block ? place / size : ((place % factor) + factor) % factor;
  node.bank = node.bank * factor + bank;
}

// Of each dimension: whether an access's place in it isn't constant.
void MarkVarying(const LinearForm& address, const ArrayShape& shape, std::vector<bool>& varying) {
  const auto mark = [&](int64_t bytes) {
    for (size_t d = 0; d < shape.strides.size(); ++d) {
      if (Digit(bytes, shape, d) != 0) varying[d] = true;
    }
  };
  for (const auto& [loop, step] : address.steps) mark(step);
  for (const auto& [symbol, step] : address.symbols) {
    if (!symbol->getType()->isPointerTy()) mark(step);
  }
}

struct ArrayUse {
  ArrayShape shape;
  std::vector<bool> varying;
  std::map<const llvm::Loop*, std::pair<int64_t, int64_t>> reads_writes;  // by innermost loop
};

}  // namespace

ArrayShape ShapeOf(const llvm::Value* object, const llvm::DataLayout& layout) {
  ArrayShape shape;
  if (const auto* local = llvm::dyn_cast<llvm::AllocaInst>(object)) {
    AddDimensions(local->getAllocatedType(), layout, shape);
  } else if (const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(object)) {
    AddDimensions(global->getValueType(), layout, shape);
  } else if (llvm::Type* type = PointedType(object, layout)) {
    shape.extents.push_back(kUnknownExtent);
    shape.strides.push_back(
        std::max<int64_t>(1, static_cast<int64_t>(layout.getTypeAllocSize(type).getFixedValue())));
    AddDimensions(type, layout, shape);
  }
  if (shape.extents.empty()) {
    shape.extents.push_back(1);
    shape.strides.push_back(std::max<int64_t>(1, shape.element_bits / 8));
  }
  return shape;
}

bool IsInRegisters(const ObjectDirectives& directives) {
  return std::any_of(directives.partitions.begin(), directives.partitions.end(), [](const Partition& p) {
    return p.kind == Partition::Kind::kComplete && p.dimension == 0;
  });
}

int64_t BanksOf(const ArrayShape& shape, const ObjectDirectives& directives) {
  int64_t banks = 1;
  for (const Partition& partition : directives.partitions) {
    if (partition.dimension != 0) banks *= FactorOf(partition, shape);
  }
  return banks;
}

int64_t WordsInBank(const llvm::Value* object, const ObjectDirectives& directives) {
  llvm::Type* type = nullptr;
  if (const auto* local = llvm::dyn_cast<llvm::AllocaInst>(object)) type = local->getAllocatedType();
  if (const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(object)) type = global->getValueType();
  if (!type) return 0;
  int64_t words = 1;
  ArrayShape shape;
  while (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    shape.extents.push_back(static_cast<int64_t>(array->getNumElements()));
    words *= shape.extents.back();
    type = array->getElementType();
  }
  if (shape.extents.empty()) return words;
  return std::max<int64_t>(1, words / BanksOf(shape, directives));
}

void AssignBanks(std::vector<Node>& nodes, const ProcessContext& context) {
  std::map<const llvm::Value*, ArrayShape> shapes;
  for (Node& node : nodes) {
    if (!node.InMemory()) continue;
    const ObjectDirectives& directives = context.directives.Find(context.function, node.object);
    if (directives.partitions.empty()) continue;
    auto [found, added] = shapes.try_emplace(node.object);
    if (added) found->second = ShapeOf(node.object, context.function.getParent()->getDataLayout());
    for (const Partition& partition : directives.partitions) {
      if (partition.dimension != 0) AddDimension(partition, found->second, node);
    }
  }
}

void AddAutomaticStorage(const ProcessContext& context, DirectiveTable& table) {
  const llvm::DataLayout& layout = context.function.getParent()->getDataLayout();
  std::map<const llvm::AllocaInst*, ArrayUse> uses;
  for (llvm::Instruction& instruction : llvm::instructions(context.function)) {
    const llvm::Value* pointer = llvm::getLoadStorePointerOperand(&instruction);
    if (!pointer) continue;
    const auto* array = llvm::dyn_cast<llvm::AllocaInst>(llvm::getUnderlyingObject(pointer, 0));
    if (!array || !array->getAllocatedType()->isArrayTy()) continue;
    ArrayUse& use = uses[array];
    if (use.varying.empty()) {
      use.shape = ShapeOf(array, layout);
      use.varying.resize(use.shape.strides.size());
    }
    MarkVarying(AddressForm(pointer, context.scev), use.shape, use.varying);
    auto& [reads, writes] = use.reads_writes[context.loops.getLoopFor(instruction.getParent())];
    ++(llvm::isa<llvm::LoadInst>(instruction) ? reads : writes);
  }
  for (auto& [array, use] : uses) {
    ObjectDirectives& directives = table.At(context.function, ObjectName(array));
    if (!directives.partitions.empty()) continue;
    for (size_t d = 0; d < use.varying.size(); ++d) {
      if (!use.varying[d]) directives.partitions.push_back({.dimension = static_cast<int64_t>(d) + 1});
    }
    if (!directives.partitions.empty()) continue;
    bool one_writer = true, many_readers = false;
    for (const auto& [loop, counts] : use.reads_writes) {
      const auto [reads, writes] = counts;
      one_writer &= writes <= 1;
      many_readers |= reads > context.costs.storage.ports;
    }
    directives.copies |= one_writer && many_readers;
  }
}

}  // namespace streamtensor::schedule
