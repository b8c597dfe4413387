// SPDX-License-Identifier: Apache-2.0
// Which bits of a region's values are only other names of bits that an operation made: shifts by constants,
// conversions of width, masks, and words put together of parts cost no logic, and hold nothing themselves.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "compiler/schedule/loop_graph.h"
#include "llvm/IR/DataLayout.h"

namespace streamtensor::schedule {

class Wires {
 public:
  // Bit `index` of what an operation made; node -1: a constant, or made outside of the region; kZero: zero.
  static constexpr int kZero = -2;
  struct Bit {
    int node = -1;
    int index = 0;
  };

  // `graph` must outlive it.
  Wires(const LoopGraph& graph, const llvm::DataLayout& layout);

  bool IsWire(size_t node) const { return wire_[node]; }
  // Of the node's value, the lowest first; empty for an address, and where there is no value.
  const std::vector<Bit>& Bits(size_t node) const { return bits_[node]; }
  // The bits that an operation makes: those above are copies of the highest or zero. 0 for a wire.
  int64_t Width(size_t node) const { return width_[node]; }

 private:
  std::vector<Bit> Operand(const llvm::Value* value) const;
  // Nothing: `node` is an operation.
  bool Connect(size_t node, std::vector<Bit>& bits) const;

  const LoopGraph& graph_;
  const llvm::DataLayout& layout_;
  std::map<const llvm::Value*, size_t> index_;
  std::vector<bool> wire_;
  std::vector<int64_t> width_;
  std::vector<std::vector<Bit>> bits_;
};

}  // namespace streamtensor::schedule
