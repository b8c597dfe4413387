// SPDX-License-Identifier: Apache-2.0
// Arrays, their banks and ports.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/schedule/directives.h"
#include "compiler/schedule/loop_graph.h"

namespace streamtensor::schedule {

// The extents of an array and the bytes between neighbours in each dimension, outermost first. The extent
// of a pointer's first dimension is kUnknownExtent.
struct ArrayShape {
  std::vector<int64_t> extents, strides;
  int64_t element_bits = 0;
};
inline constexpr int64_t kUnknownExtent = int64_t{1} << 30;
ArrayShape ShapeOf(const llvm::Value* object, const llvm::DataLayout& layout);

bool IsInRegisters(const ObjectDirectives& directives);
// Banks after partition, at least 1.
int64_t BanksOf(const ArrayShape& shape, const ObjectDirectives& directives);
// 0: unknown, as of a pointer.
int64_t WordsInBank(const llvm::Value* object, const ObjectDirectives& directives);

// Sets bank and class of memory accesses.
void AssignBanks(std::vector<Node>& nodes, const ProcessContext& context);

// What Vitis partitions and copies without a pragma: dimensions that only constants index, and local
// arrays that are read more often than a memory has ports where nothing writes them.
void AddAutomaticStorage(const ProcessContext& context, DirectiveTable& table);

}  // namespace streamtensor::schedule
