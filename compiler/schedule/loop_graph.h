// SPDX-License-Identifier: Apache-2.0
// The dependence graph of a region.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/schedule/address.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/directives.h"
#include "compiler/schedule/loop_region.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/IR/Instruction.h"

namespace streamtensor::schedule {

enum class NodeKind { kPlain, kLoad, kStore, kPop, kPush, kLock };

// An operation. Nodes are in program order.
struct Node {
  llvm::Instruction* instruction = nullptr;
  NodeKind kind = NodeKind::kPlain;
  Core core;
  std::string unit;  // see OperatorCost
  std::array<int64_t, 2> unit_widths = {};
  // Of accesses:
  const llvm::Value* object = nullptr;  // the array, pointer or FIFO
  int64_t place = 0;                    // of a FIFO in an array of them
  LinearForm address;
  int64_t bytes = 0;
  bool axi = false;
  bool in_registers = false;  // of an array that is partitioned to its elements
  int same_as = -1;  // an earlier load of the same place, which no store comes between: one access for both
  // The bank, if `bank_class` is 0. Accesses of another class may be to any bank.
  int64_t bank = 0;
  int64_t bank_class = 0;

  bool InMemory() const {
    return (kind == NodeKind::kLoad || kind == NodeKind::kStore) && !axi && !in_registers;
  }
  bool TakesPort() const { return InMemory() && same_as < 0; }
};

// Within an iteration. `to` gets a value of `from`, or begins at least `states` after `from` begins.
struct Edge {
  int from = 0, to = 0;
  bool data = true;
  int64_t states = 0;
};

// `to` of the iteration that comes `distance` later depends on `from`.
struct CarriedEdge {
  enum class Kind { kValue, kMemory, kExit };  // kExit: data decides whether there is a next iteration
  int from = 0, to = 0;
  int64_t distance = 1;
  Kind kind = Kind::kValue;
};

struct LoopGraph {
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::vector<std::vector<int>> into;  // of each node: indices of edges
  std::vector<CarriedEdge> carried;
};

// What a process is scheduled with.
struct ProcessContext {
  llvm::Function& function;
  const DeviceCosts& costs;
  double budget_ns;
  const DirectiveTable& directives;
  llvm::LoopInfo& loops;
  llvm::ScalarEvolution& scev;
  llvm::PostDominatorTree& post_dominators;
};

LoopGraph BuildGraph(const Region& region, const ProcessContext& context);

}  // namespace streamtensor::schedule
