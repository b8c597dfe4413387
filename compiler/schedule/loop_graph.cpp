// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/loop_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "compiler/schedule/front_end.h"
#include "compiler/schedule/memory_ports.h"
#include "compiler/schedule/operator_costs.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {
namespace {

bool IsHardware(const llvm::Instruction& instruction) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  if (!intrinsic) return true;
  return !llvm::isa<llvm::DbgInfoIntrinsic>(intrinsic) && !intrinsic->isLifetimeStartOrEnd() &&
         intrinsic->getIntrinsicID() != llvm::Intrinsic::assume;
}

class Builder {
 public:
  Builder(const Region& region, const ProcessContext& context)
      : region_(region), context_(context), layout_(context.function.getParent()->getDataLayout()) {}

  LoopGraph Build() {
    const CostContext costs{context_.costs, context_.budget_ns, layout_,        context_.loops,
                            context_.scev,  region_.inner(),    region_.outer()};
    for (llvm::BasicBlock* block : region_.blocks) {
      for (llvm::Instruction& instruction : *block) {
        if (!IsHardware(instruction)) continue;
        index_[&instruction] = static_cast<int>(graph_.nodes.size());
        graph_.nodes.push_back(MakeNode(instruction, costs));
      }
    }
    graph_.into.resize(graph_.nodes.size());
    for (int to = 0; to < Size(); ++to) AddOperands(to);
    for (llvm::BasicBlock* block : region_.blocks) AddControl(*block);
    AddMemory();
    JoinLoads();
    AddFifoOrder();
    AddExits();
    AssignBanks(graph_.nodes, context_);
    return std::move(graph_);
  }

 private:
  int Size() const { return static_cast<int>(graph_.nodes.size()); }

  Node MakeNode(llvm::Instruction& instruction, const CostContext& costs) {
    Node node;
    node.instruction = &instruction;
    if (llvm::getLoadStorePointerOperand(&instruction)) {
      DescribeAccess(node);
      return node;
    }
    if (auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction)) DescribeCall(*call, node);
    if (node.kind == NodeKind::kPlain) {
      OperatorCost cost = CostOf(instruction, costs);
      node.core = cost.core;
      node.unit = std::move(cost.unit);
      node.unit_widths = cost.widths;
    }
    return node;
  }

  void DescribeCall(const llvm::CallInst& call, Node& node) {
    const llvm::StringRef name = call.getCalledFunction() ? call.getCalledFunction()->getName() : "";
    if (name.starts_with(kFifoPop)) {
      node.kind = NodeKind::kPop;
    } else if (name.starts_with(kFifoPush)) {
      node.kind = NodeKind::kPush;
    } else if (name == kBlockRead || name == kBlockWrite || name == kBlockDone) {
      node.kind = NodeKind::kLock;
    } else {
      return;
    }
    const llvm::Value* place = call.getArgOperand(0);
    llvm::APInt offset(layout_.getIndexTypeSizeInBits(place->getType()), 0);
    const llvm::Value* base = place->stripAndAccumulateConstantOffsets(layout_, offset, true);
    node.object = llvm::getUnderlyingObject(place, 0);
    node.place = base == node.object ? offset.getSExtValue() : -1;
    node.core = context_.costs.Choose(Operator::kFifoAccess, context_.budget_ns);
  }

  void DescribeAccess(Node& node) {
    const llvm::Value* pointer = llvm::getLoadStorePointerOperand(node.instruction);
    const bool load = llvm::isa<llvm::LoadInst>(node.instruction);
    node.kind = load ? NodeKind::kLoad : NodeKind::kStore;
    node.object = llvm::getUnderlyingObject(pointer, 0);
    node.bytes = static_cast<int64_t>(
        layout_.getTypeStoreSize(llvm::getLoadStoreType(node.instruction)).getFixedValue());
    node.address = AddressForm(pointer, context_.scev);
    const ObjectDirectives& directives = context_.directives.Find(context_.function, node.object);
    node.axi = directives.axi && llvm::isa<llvm::Argument>(node.object);
    node.in_registers = IsInRegisters(directives);
    const auto choose = [&](Operator op) { return context_.costs.Choose(op, context_.budget_ns); };
    if (node.axi) {
      node.core = choose(load ? Operator::kAxiRead : Operator::kAxiWrite);
    } else if (node.in_registers) {
      node.core = {.delay_ns = context_.costs.storage.register_ns};
    } else {
      node.core = choose(load ? Operator::kMemoryRead : Operator::kMemoryWrite);
      node.core.delay_ns = context_.costs.MemoryDelayNs(WordsInBank(node.object, directives));
    }
  }

  void AddEdge(int from, int to, bool data, int64_t states) {
    graph_.into[static_cast<size_t>(to)].push_back(static_cast<int>(graph_.edges.size()));
    graph_.edges.push_back({from, to, data, states});
  }
  void AddValue(const llvm::Value* value, int to) {
    const auto found = index_.find(value);
    if (found != index_.end() && found->second < to) AddEdge(found->second, to, true, 0);
  }

  // Of an AXI access whose adapter counts the addresses.
  bool IsCounted(const Node& node) const {
    if (!node.axi || !region_.outer()) return false;
    return std::all_of(node.address.symbols.begin(), node.address.symbols.end(), [this](const auto& symbol) {
      return context_.scev.isLoopInvariant(symbol.first, region_.outer());
    });
  }

  void AddOperands(int to) {
    llvm::Instruction& instruction = *graph_.nodes[static_cast<size_t>(to)].instruction;
    auto* phi = llvm::dyn_cast<llvm::PHINode>(&instruction);
    if (!phi) {
      const llvm::Value* counted = IsCounted(graph_.nodes[static_cast<size_t>(to)])
                                       ? llvm::getLoadStorePointerOperand(&instruction)
                                       : nullptr;
      for (const llvm::Value* operand : instruction.operands()) {
        if (operand != counted) AddValue(operand, to);
      }
      return;
    }
    const llvm::Loop* loop = context_.loops.getLoopFor(phi->getParent());
    const bool at_header = loop && phi->getParent() == loop->getHeader();
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
      const auto found = index_.find(phi->getIncomingValue(i));
      if (at_header && loop->contains(phi->getIncomingBlock(i))) {
        if (found != index_.end()) graph_.carried.push_back({found->second, to});
      } else {
        AddValue(phi->getIncomingValue(i), to);
      }
    }
    if (at_header) return;
    // A multiplexer needs what selects.
    for (const llvm::BasicBlock* before : llvm::predecessors(phi->getParent())) {
      const auto* branch = llvm::dyn_cast<llvm::BranchInst>(before->getTerminator());
      if (branch && branch->isConditional()) AddValue(branch->getCondition(), to);
    }
  }

  // Side effects of a block wait for the conditions under which it runs.
  void AddControl(llvm::BasicBlock& block) {
    std::vector<int> effects;
    for (llvm::Instruction& instruction : block) {
      const auto found = index_.find(&instruction);
      if (found == index_.end()) continue;
      const NodeKind kind = graph_.nodes[static_cast<size_t>(found->second)].kind;
      if (kind != NodeKind::kPlain && kind != NodeKind::kLoad) effects.push_back(found->second);
    }
    if (effects.empty()) return;
    const llvm::PostDominatorTree& tree = context_.post_dominators;
    for (llvm::BasicBlock* other : region_.blocks) {
      const auto* branch = llvm::dyn_cast<llvm::BranchInst>(other->getTerminator());
      if (!branch || !branch->isConditional() || other == &block || tree.dominates(&block, other)) continue;
      if (!tree.dominates(&block, branch->getSuccessor(0)) &&
          !tree.dominates(&block, branch->getSuccessor(1))) {
        continue;
      }
      for (int effect : effects) AddValue(branch->getCondition(), effect);
    }
  }

  // The loops around both accesses, and the iterations of those around neither.
  Dependence Between(const Node& earlier, const Node& later) const {
    std::vector<NestLoop> around;
    int64_t inner_iterations = 1;
    for (const NestLoop& level : region_.nest) {
      const bool has_earlier = level.loop->contains(earlier.instruction);
      const bool has_later = level.loop->contains(later.instruction);
      if (has_earlier && has_later) {
        around.push_back(level);
      } else if (!has_earlier && !has_later) {
        inner_iterations *= std::max<int64_t>(1, level.trip);
      }
    }
    return DependenceOf({&earlier.address, earlier.bytes}, {&later.address, later.bytes}, around,
                        inner_iterations);
  }

  void AddMemory() {
    std::map<const llvm::Value*, std::vector<int>> accesses;
    for (int v = 0; v < Size(); ++v) {
      const Node& node = graph_.nodes[static_cast<size_t>(v)];
      if (node.kind != NodeKind::kLoad && node.kind != NodeKind::kStore) continue;
      if (llvm::isa<llvm::Instruction, llvm::Argument, llvm::GlobalVariable>(node.object)) {
        accesses[node.object].push_back(v);
      }
    }
    for (const auto& [object, nodes] : accesses) {
      const ObjectDirectives& directives = context_.directives.Find(context_.function, object);
      for (int from : nodes) {
        for (int to : nodes) AddMemoryPair(from, to, directives);
      }
    }
  }

  void AddMemoryPair(int from, int to, const ObjectDirectives& directives) {
    const Node& a = graph_.nodes[static_cast<size_t>(from)];
    const Node& b = graph_.nodes[static_cast<size_t>(to)];
    if (a.kind == NodeKind::kLoad && b.kind == NodeKind::kLoad) return;
    const Dependence dependence = Between(a, b);
    const bool read_after_write = a.kind == NodeKind::kStore && b.kind == NodeKind::kLoad;
    if (from < to && (dependence.same_iteration || dependence.unknown)) {
      AddEdge(from, to, false, read_after_write ? 1 : 0);
    }
    if (!read_after_write || dependence.distance == 0 || region_.nest.empty() || directives.independent) {
      return;
    }
    const int64_t distance = directives.distance > 0 ? directives.distance : dependence.distance;
    graph_.carried.push_back({from, to, distance, CarriedEdge::Kind::kMemory});
  }

  // Conditional loads of one place of an array that the region doesn't write are made once.
  void JoinLoads() {
    std::set<const llvm::Value*> written;
    for (const Node& node : graph_.nodes) {
      if (node.kind == NodeKind::kStore) written.insert(node.object);
    }
    std::map<const llvm::Value*, std::vector<int>> loads;
    for (int v = 0; v < Size(); ++v) {
      Node& node = graph_.nodes[static_cast<size_t>(v)];
      if (node.kind != NodeKind::kLoad || !node.InMemory() || written.count(node.object) != 0) continue;
      std::vector<int>& earlier = loads[node.object];
      const auto same = std::find_if(earlier.begin(), earlier.end(), [&](int other) {
        const Node& load = graph_.nodes[static_cast<size_t>(other)];
        return load.bytes == node.bytes && load.address.constant == node.address.constant &&
               load.address.SameShape(node.address);
      });
      if (same == earlier.end()) {
        earlier.push_back(v);
      } else {
        node.same_as = *same;
      }
    }
  }

  void AddFifoOrder() {
    std::map<std::pair<const llvm::Value*, int64_t>, int> last;
    for (int v = 0; v < Size(); ++v) {
      const Node& node = graph_.nodes[static_cast<size_t>(v)];
      if (node.kind != NodeKind::kPop && node.kind != NodeKind::kPush) continue;
      const auto [before, first] = last.try_emplace({node.object, node.place}, v);
      if (!first) AddEdge(std::exchange(before->second, v), v, false, 1);
    }
  }

  // Accesses wait for the decision that their iteration takes place, where no count says so.
  void AddExits() {
    const llvm::Loop* inner = region_.inner();
    if (!inner || !llvm::isa<llvm::SCEVCouldNotCompute>(context_.scev.getBackedgeTakenCount(inner))) return;
    llvm::SmallVector<llvm::BasicBlock*> exiting;
    inner->getExitingBlocks(exiting);
    for (const llvm::BasicBlock* block : exiting) {
      const auto* branch = llvm::dyn_cast<llvm::BranchInst>(block->getTerminator());
      const auto condition =
          branch && branch->isConditional() ? index_.find(branch->getCondition()) : index_.end();
      if (condition == index_.end()) continue;
      for (int v = 0; v < condition->second; ++v) {
        const Node& node = graph_.nodes[static_cast<size_t>(v)];
        if (node.kind == NodeKind::kPlain || !inner->contains(node.instruction)) continue;
        graph_.carried.push_back({condition->second, v, 1, CarriedEdge::Kind::kExit});
      }
    }
  }

  const Region& region_;
  const ProcessContext& context_;
  const llvm::DataLayout& layout_;
  std::map<const llvm::Value*, int> index_;
  LoopGraph graph_;
};

}  // namespace

LoopGraph BuildGraph(const Region& region, const ProcessContext& context) {
  return Builder(region, context).Build();
}

}  // namespace streamtensor::schedule
