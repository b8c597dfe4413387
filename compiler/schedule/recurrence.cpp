// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/recurrence.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "llvm/IR/DebugLoc.h"
#include "llvm/IR/Instructions.h"

namespace streamtensor::schedule {
namespace {

// When a node's result is there: in state `state`, `ns` after its beginning.
struct Time {
  int64_t state = -1;  // -1: never
  double ns = 0;
};

class Recurrence {
 public:
  Recurrence(const Region& region, const LoopGraph& graph, const ProcessContext& context,
             const std::vector<bool>& short_core)
      : region_(region),
        graph_(graph),
        context_(context),
        short_core_(short_core),
        budget_ns_(context.budget_ns * (region.asked_ii > 0 ? 1 + context.costs.tool.recurrence_slack : 1)) {}

  // The II that a dependence asks for.
  int64_t IiOf(const CarriedEdge& edge) {
    // A dependence that the order of an iteration doesn't close is a register's copy.
    if (edge.from <= edge.to) return 1;
    const std::optional<int64_t> cycles = Cycles(edge);
    return cycles ? (*cycles + edge.distance - 1) / edge.distance : 1;
  }

  Bound Find() {
    Bound bound;
    for (const CarriedEdge& edge : graph_.carried) {
      if (edge.from <= edge.to) continue;
      const std::optional<int64_t> cycles = Cycles(edge);
      if (!cycles) continue;
      const int64_t ii = (*cycles + edge.distance - 1) / edge.distance;
      if (ii <= bound.ii) continue;
      bound = {ii, edge.kind == CarriedEdge::Kind::kMemory ? Limit::kCarriedMemory : Limit::kCarriedValue,
               Cause(edge, *cycles)};
    }
    return bound;
  }

 private:
  const Node& At(int node) const { return graph_.nodes[static_cast<size_t>(node)]; }

  Core CoreOf(int node) const {
    if (!short_core_[static_cast<size_t>(node)]) return At(node).core;
    Core core = context_.costs.Choose(Operator::kFAddRecurrence, context_.budget_ns);
    // Taken in spite of its slack.
    core.delay_ns = 0;
    return core;
  }

  // The times of all nodes up to `last` that depend on `first`, which begins at `ns`. With `late_input` the
  // first operator takes its value in time whatever it adds: registers at its inputs.
  std::vector<Time> Paths(int first, int last, double ns, bool late_input,
                          std::optional<Core> first_core = std::nullopt) const {
    std::vector<Time> begin(static_cast<size_t>(last) + 1), end(static_cast<size_t>(last) + 1);
    const auto place = [&](int node, Time at, const Core& core, bool late) {
      if (!(late && core.latency > 0) && at.ns + core.delay_ns > budget_ns_ + 1e-9 && at.ns > 0) {
        at = {at.state + 1, 0};
      }
      begin[static_cast<size_t>(node)] = at;
      end[static_cast<size_t>(node)] = {at.state + core.latency,
                                        core.latency > 0 ? core.delay_ns : at.ns + core.delay_ns};
    };
    place(first, {0, ns}, first_core.value_or(CoreOf(first)), late_input);
    for (int node = first + 1; node <= last; ++node) {
      Time at;
      for (int e : graph_.into[static_cast<size_t>(node)]) {
        const Edge& edge = graph_.edges[static_cast<size_t>(e)];
        if (edge.from < first || end[static_cast<size_t>(edge.from)].state < 0) continue;
        const Time from = edge.data ? end[static_cast<size_t>(edge.from)]
                                    : Time{begin[static_cast<size_t>(edge.from)].state + edge.states, 0};
        if (from.state > at.state) {
          at = from;
        } else if (from.state == at.state) {
          at.ns = std::max(at.ns, from.ns);
        }
      }
      if (at.state >= 0) place(node, at, CoreOf(node), late_input && at.state == 0);
    }
    // A store is done when it begins.
    for (int node = first; node <= last; ++node) {
      if (At(node).kind == NodeKind::kStore && end[static_cast<size_t>(node)].state >= 0) {
        end[static_cast<size_t>(node)].state = begin[static_cast<size_t>(node)].state;
      }
    }
    return end;
  }

  // A value that goes back through a register: by bypass if a multiplexer fits, else a state more.
  std::optional<int64_t> RegisterCycles(int from, int to, std::optional<Core> first_core) const {
    const Time end = Paths(to, from, 0, false, first_core)[static_cast<size_t>(from)];
    if (end.state < 0) return std::nullopt;
    const double mux = context_.costs.tool.recurrence_mux_ns;
    int64_t cycles = end.state + 1;
    if (end.state > 0 && end.ns + mux <= budget_ns_) {
      const Time bypass = Paths(to, from, end.ns + mux, true, first_core)[static_cast<size_t>(from)];
      if (bypass.state >= 0) cycles = std::min(cycles, std::max<int64_t>(1, bypass.state));
    }
    return cycles;
  }

  std::optional<int64_t> Cycles(const CarriedEdge& edge) {
    if (edge.kind == CarriedEdge::Kind::kValue) return RegisterCycles(edge.from, edge.to, std::nullopt);
    const Node& store = At(edge.from);
    const Node& load = At(edge.to);
    const bool memory = edge.kind == CarriedEdge::Kind::kMemory;
    if (memory && edge.distance == 1 && SamePlace(store, load)) {
      if (load.in_registers) return ReuseCycles(edge, context_.costs.storage.register_ns);
      if (ReusesRegister(store, load)) return ReuseCycles(edge, context_.costs.tool.reuse_select_ns);
    }
    // All edges of a load share their paths.
    auto [found, added] = paths_.try_emplace(edge.to);
    if (added) found->second = Paths(edge.to, static_cast<int>(graph_.nodes.size()) - 1, 0, false);
    const Time end = found->second[static_cast<size_t>(edge.from)];
    if (end.state < 0) return std::nullopt;
    // A short update of one element is forwarded by comparing addresses.
    if (memory && Forwards(store, load, end.state)) return 1;
    return end.state + 1;
  }

  static bool SamePlace(const Node& store, const Node& load) {
    return load.address.constant == store.address.constant && load.address.SameShape(store.address);
  }
  // One place through the inner loop, which a register holds.
  bool ReusesRegister(const Node& store, const Node& load) const {
    return load.core.latency == 1 && store.address.Step(region_.inner()) == 0 &&
           store.address.symbols.size() < 2 && IsUnconditional(store);
  }
  bool IsUnconditional(const Node& node) const {
    return !region_.inner() ||
           context_.post_dominators.dominates(node.instruction->getParent(), region_.inner()->getHeader());
  }
  std::optional<int64_t> ReuseCycles(const CarriedEdge& edge, double select_ns) {
    const auto value = std::find_if(graph_.into[static_cast<size_t>(edge.from)].begin(),
                                    graph_.into[static_cast<size_t>(edge.from)].end(), [&](int e) {
                                      const Edge& into = graph_.edges[static_cast<size_t>(e)];
                                      return into.data && At(into.from).instruction ==
                                                              At(edge.from).instruction->getOperand(0);
                                    });
    if (value == graph_.into[static_cast<size_t>(edge.from)].end()) return std::nullopt;
    const int stored = graph_.edges[static_cast<size_t>(*value)].from;
    if (stored <= edge.to) return std::nullopt;
    const Core select{.delay_ns = select_ns};
    std::optional<int64_t> cycles = RegisterCycles(stored, edge.to, select);
    const bool any_short = std::find(short_core_.begin(), short_core_.end(), true) != short_core_.end();
    if (cycles && any_short) {
      const Time end = Paths(edge.to, stored, 0, false, select)[static_cast<size_t>(stored)];
      cycles = std::max<int64_t>(1, std::min(*cycles, end.state));
    }
    return cycles;
  }
  bool Forwards(const Node& store, const Node& load, int64_t store_state) const {
    return !load.in_registers && load.core.latency == 1 && store_state <= 2 &&
           !load.address.symbols.empty() && load.address.SameShape(store.address);
  }

  // The operators of the longest path, for the cause.
  std::string Operators(const CarriedEdge& edge) const {
    std::vector<bool> after(static_cast<size_t>(edge.from) + 1), on(static_cast<size_t>(edge.from) + 1);
    after[static_cast<size_t>(edge.to)] = on[static_cast<size_t>(edge.from)] = true;
    for (int node = edge.to + 1; node <= edge.from; ++node) {
      for (int e : graph_.into[static_cast<size_t>(node)]) {
        const Edge& into = graph_.edges[static_cast<size_t>(e)];
        if (into.from >= edge.to && after[static_cast<size_t>(into.from)])
          after[static_cast<size_t>(node)] = true;
      }
    }
    std::map<std::string, int> units;
    for (int node = edge.from; node >= edge.to; --node) {
      if (!on[static_cast<size_t>(node)] || !after[static_cast<size_t>(node)]) continue;
      if (!At(node).unit.empty()) ++units[At(node).unit];
      for (int e : graph_.into[static_cast<size_t>(node)]) {
        const Edge& into = graph_.edges[static_cast<size_t>(e)];
        if (into.from >= edge.to) on[static_cast<size_t>(into.from)] = true;
      }
    }
    std::vector<std::string> words;
    for (const auto& [unit, count] : units) {
      words.push_back(count == 1 ? unit : absl::StrCat(count, " ", unit));
    }
    return words.empty() ? "logic" : absl::StrJoin(words, ", ");
  }

  std::string Cause(const CarriedEdge& edge, int64_t cycles) const {
    const llvm::DebugLoc location = At(edge.from).instruction->getDebugLoc();
    const std::string line = location ? absl::StrCat(" of line ", location.getLine()) : "";
    std::string what = "the value";
    if (edge.kind == CarriedEdge::Kind::kExit) what = "the exit";
    if (edge.kind == CarriedEdge::Kind::kMemory)
      what = absl::StrCat("array ", ObjectName(At(edge.to).object));
    what += line;
    return absl::StrCat(what, ": ", cycles, " cycles over ", Operators(edge), ", needed ", edge.distance,
                        edge.distance == 1 ? " iteration later" : " iterations later");
  }

  const Region& region_;
  const LoopGraph& graph_;
  const ProcessContext& context_;
  const std::vector<bool>& short_core_;
  const double budget_ns_;  // what a stage of a recurrence may take
  std::map<int, std::vector<Time>> paths_;
};

}  // namespace

std::vector<bool> ShortCores(const Region& region, const LoopGraph& graph, const ProcessContext& context) {
  const std::vector<bool> usual(graph.nodes.size());
  Recurrence recurrence(region, graph, context, usual);
  std::vector<bool> chosen(graph.nodes.size());
  const std::string fadd = kOperatorNames[static_cast<size_t>(Operator::kFAdd)];
  for (const CarriedEdge& edge : graph.carried) {
    if (recurrence.IiOf(edge) <= region.asked_ii) continue;
    std::vector<bool> after(graph.nodes.size()), before(graph.nodes.size());
    after[static_cast<size_t>(edge.to)] = before[static_cast<size_t>(edge.from)] = true;
    const auto each_input = [&](int node, const auto& visit) {
      for (int e : graph.into[static_cast<size_t>(node)]) {
        const Edge& into = graph.edges[static_cast<size_t>(e)];
        if (into.data) visit(static_cast<size_t>(into.from));
      }
    };
    for (int node = edge.to + 1; node <= edge.from; ++node) {
      each_input(node, [&](size_t from) {
        if (after[from]) after[static_cast<size_t>(node)] = true;
      });
    }
    for (int node = edge.from; node > edge.to; --node) {
      if (before[static_cast<size_t>(node)]) each_input(node, [&](size_t from) { before[from] = true; });
    }
    for (size_t node = 0; node < graph.nodes.size(); ++node) {
      if (after[node] && before[node] && graph.nodes[node].unit == fadd) chosen[node] = true;
    }
  }
  return chosen;
}

Bound RecurrenceBound(const Region& region, const LoopGraph& graph, const ProcessContext& context,
                      const std::vector<bool>& short_core) {
  return Recurrence(region, graph, context, short_core).Find();
}

}  // namespace streamtensor::schedule
