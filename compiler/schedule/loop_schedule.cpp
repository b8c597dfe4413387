// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/loop_schedule.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/axi_access.h"
#include "compiler/schedule/memory_ports.h"
#include "compiler/schedule/recurrence.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Instructions.h"

namespace streamtensor::schedule {
namespace {

bool IsFifo(const Node& node) { return node.kind == NodeKind::kPop || node.kind == NodeKind::kPush; }

class Scheduler {
 public:
  Scheduler(const Region& region, const LoopGraph& graph, const ProcessContext& context)
      : region_(region), graph_(graph), context_(context) {}

  RegionSchedule Run() {
    RegionSchedule schedule;
    schedule.short_core.resize(graph_.nodes.size());
    CountPorts();
    if (region_.pipelined) {
      if (region_.asked_ii > 0) schedule.short_core = ShortCores(region_, graph_, context_);
      const Bound recurrence = RecurrenceBound(region_, graph_, context_, schedule.short_core);
      const Bound memory = MemoryBound();
      const Bound fifo = FifoBound();
      schedule.axi = AxiAccesses(region_, graph_, context_);
      const Bound axi = AxiBound(schedule.axi);
      for (const Bound& bound : {recurrence, fifo, axi, memory}) {
        if (bound.ii > schedule.bound.ii) schedule.bound = bound;
      }
      if (region_.asked_ii > schedule.bound.ii) {
        schedule.bound = {region_.asked_ii, Limit::kTarget, "the pragma asks for it"};
      }
    }
    Place(region_.pipelined ? schedule.bound.ii : kNeverAgain, schedule);
    return schedule;
  }

 private:
  // The interval at which a region that isn't pipelined uses its ports again.
  static constexpr int64_t kNeverAgain = int64_t{1} << 40;

  // Reads and writes of a cycle that an array's bank takes.
  void CountPorts() {
    for (const Node& node : graph_.nodes) {
      if (!node.InMemory()) continue;
      const bool copies = context_.directives.Find(context_.function, node.object).copies;
      ports_[node.object] = copies ? context_.costs.storage.copies_reads : context_.costs.storage.ports;
    }
  }

  // The one write of an array that Vitis copies has a port of its own in each copy.
  bool WritesCopies(const Node& node) const {
    return node.kind == NodeKind::kStore && node.InMemory() &&
           context_.directives.Find(context_.function, node.object).copies;
  }

  // A small constant table is logic.
  bool IsLogic(const Node& node) const {
    const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(node.object);
    return global && global->isConstant() && WordsInBank(global, {}) <= context_.costs.tool.auto_unroll_trip;
  }

  Bound MemoryBound() const {
    std::map<const llvm::Value*, std::map<int64_t, std::map<int64_t, int64_t>>> accesses;
    for (const Node& node : graph_.nodes) {
      if (node.TakesPort() && !IsLogic(node) && !WritesCopies(node))
        ++accesses[node.object][node.bank_class][node.bank];
    }
    Bound bound;
    for (const auto& [object, classes] : accesses) {
      int64_t busiest = 0;
      for (const auto& [bank_class, banks] : classes) {
        int64_t most = 0;
        for (const auto& [bank, count] : banks) most = std::max(most, count);
        busiest += most;
      }
      const int64_t ports = ports_.at(object);
      const int64_t ii = (busiest + ports - 1) / ports;
      if (ii <= bound.ii) continue;
      bound = {ii, Limit::kMemoryPorts,
               absl::StrCat("array ", ObjectName(object), ": ", busiest, " accesses of a bank with ", ports,
                            " ports")};
    }
    return bound;
  }

  Bound FifoBound() const {
    std::map<std::pair<const llvm::Value*, int64_t>, std::pair<int64_t, int64_t>> accesses;
    for (const Node& node : graph_.nodes) {
      if (!IsFifo(node)) continue;
      auto& [pops, pushes] = accesses[{node.object, node.place}];
      ++(node.kind == NodeKind::kPop ? pops : pushes);
    }
    Bound bound;
    for (const auto& [fifo, counts] : accesses) {
      const int64_t ii = std::max(counts.first, counts.second);
      if (ii <= bound.ii) continue;
      bound = {ii, Limit::kFifoPort,
               absl::StrCat("FIFO ", ObjectName(fifo.first), ": ", ii,
                            counts.first > counts.second ? " reads an iteration" : " writes an iteration")};
    }
    return bound;
  }

  Core CoreOf(size_t node, const RegionSchedule& schedule) const {
    if (!schedule.short_core[node]) return graph_.nodes[node].core;
    return context_.costs.Choose(Operator::kFAddRecurrence, context_.budget_ns);
  }

  // Each operation as soon as its inputs and a port are there, in program order.
  void Place(int64_t ii, RegionSchedule& schedule) {
    const size_t size = graph_.nodes.size();
    schedule.start.resize(size);
    schedule.finish.resize(size);
    std::vector<double> ready_ns(size);
    std::map<std::tuple<const llvm::Value*, int64_t, int64_t, int64_t>, int64_t> used;
    int64_t last = 0;
    for (size_t v = 0; v < size; ++v) {
      const Node& node = graph_.nodes[v];
      int64_t state = 0;
      double ns = 0;
      for (int e : graph_.into[v]) {
        const Edge& edge = graph_.edges[static_cast<size_t>(e)];
        const auto from = static_cast<size_t>(edge.from);
        const int64_t at = edge.data ? schedule.finish[from] : schedule.start[from] + edge.states;
        const double at_ns = edge.data ? ready_ns[from] : 0;
        if (at > state) {
          state = at;
          ns = at_ns;
        } else if (at == state) {
          ns = std::max(ns, at_ns);
        }
      }
      // The loop's exit is decided before a side effect.
      if ((IsFifo(node) || node.kind == NodeKind::kLock) && state == 0 && !region_.nest.empty()) {
        state = 1;
        ns = 0;
      }
      const Core core = CoreOf(v, schedule);
      if (ns > 0 && ns + core.delay_ns > context_.budget_ns + 1e-9) {
        ++state;
        ns = 0;
      }
      if (node.same_as >= 0) {
        const int64_t joined = schedule.start[static_cast<size_t>(node.same_as)];
        if (joined > state) {
          state = joined;
          ns = 0;
        }
      } else if ((node.InMemory() && !WritesCopies(node)) || IsFifo(node)) {
        const int64_t ports = node.InMemory() ? ports_.at(node.object) : 1;
        const int64_t bank = IsFifo(node) ? node.place : node.bank;
        while (used[{node.object, node.bank_class, bank, state % ii}] >= ports) {
          ++state;
          ns = 0;
        }
        ++used[{node.object, node.bank_class, bank, state % ii}];
      }
      schedule.start[v] = state;
      schedule.finish[v] = state + core.latency;
      ready_ns[v] = core.latency > 0 ? core.delay_ns : ns + core.delay_ns;
      if (!node.instruction->isTerminator()) last = std::max(last, schedule.finish[v]);
    }
    schedule.depth = last + 1;
  }

  const Region& region_;
  const LoopGraph& graph_;
  const ProcessContext& context_;
  std::map<const llvm::Value*, int64_t> ports_;
};

}  // namespace

RegionSchedule Schedule(const Region& region, const LoopGraph& graph, const ProcessContext& context) {
  return Scheduler(region, graph, context).Run();
}

}  // namespace streamtensor::schedule
