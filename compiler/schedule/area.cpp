// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/area.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/schedule/memory_ports.h"
#include "compiler/schedule/wires.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {
namespace {

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

Area ArrayArea(const llvm::AllocaInst& array, const ProcessContext& context) {
  const ArrayShape shape = ShapeOf(&array, context.function.getParent()->getDataLayout());
  const ObjectDirectives& directives = context.directives.Find(context.function, &array);
  int64_t words = 1;
  for (const int64_t extent : shape.extents) words *= extent;
  Area area;
  if (IsInRegisters(directives)) {
    area.ff = words * shape.element_bits;
    return area;
  }
  const int64_t banks = BanksOf(shape, directives);
  const Area bank =
      MemoryArea(CeilDiv(words, banks), shape.element_bits, directives.uram, context.costs.storage);
  const int64_t copies = directives.copies ? context.costs.storage.copies_reads : 1;
  for (int64_t i = 0; i < banks; ++i) area += bank;
  area.bram18 *= copies;
  area.uram *= copies;
  return area;
}

// When each node begins at the latest if its users keep their states: Vitis computes a value when it is
// needed. Side effects and what feeds none stay where they are.
std::vector<int64_t> LatestStarts(const LoopGraph& graph, const RegionSchedule& schedule) {
  constexpr int64_t kUnused = INT64_MAX;
  const size_t size = graph.nodes.size();
  std::vector<int64_t> latest(size, kUnused);
  for (size_t v = size; v-- > 0;) {
    const Node& node = graph.nodes[v];
    const bool moves = node.kind == NodeKind::kPlain || node.kind == NodeKind::kLoad;
    if (!moves || latest[v] == kUnused || llvm::isa<llvm::PHINode>(node.instruction))
      latest[v] = schedule.start[v];
    latest[v] = std::max(latest[v], schedule.start[v]);
    for (const int e : graph.into[v]) {
      const Edge& edge = graph.edges[static_cast<size_t>(e)];
      if (!edge.data) continue;
      const auto from = static_cast<size_t>(edge.from);
      const int64_t takes = schedule.finish[from] - schedule.start[from];
      latest[from] = std::min(latest[from], latest[v] - takes);
    }
  }
  return latest;
}

// When each node's value is there. What an iteration carries over to a phi of the next one is there II states
// earlier, as that sees it: it does not wait while it is computed.
std::vector<int64_t> Arrivals(const LoopGraph& graph, const RegionSchedule& schedule,
                              const std::vector<int64_t>& latest, int64_t ii) {
  std::vector<int64_t> arrivals(graph.nodes.size());
  for (size_t v = 0; v < arrivals.size(); ++v) {
    arrivals[v] = latest[v] + schedule.finish[v] - schedule.start[v];
  }
  std::vector<bool> carried(arrivals.size());
  const std::vector<int64_t> finish = arrivals;
  for (const CarriedEdge& edge : graph.carried) {
    const auto from = static_cast<size_t>(edge.from), to = static_cast<size_t>(edge.to);
    if (edge.kind != CarriedEdge::Kind::kValue || !llvm::isa<llvm::PHINode>(graph.nodes[to].instruction)) {
      continue;
    }
    const int64_t arrival = finish[from] - ii * edge.distance;
    arrivals[to] = carried[to] ? std::max(arrivals[to], arrival) : arrival;
    carried[to] = true;
  }
  return arrivals;
}

// The registers in which values wait, bit by bit, for their last use: an iteration's register holds a bit for
// II states.
int64_t WaitingBits(const LoopGraph& graph, const RegionSchedule& schedule,
                    const std::vector<int64_t>& latest, int64_t ii, const Wires& wires) {
  std::vector<std::vector<int64_t>> last_use(graph.nodes.size());
  for (size_t v = 0; v < last_use.size(); ++v) last_use[v].resize(static_cast<size_t>(wires.Width(v)));
  for (const Edge& edge : graph.edges) {
    const auto to = static_cast<size_t>(edge.to);
    if (!edge.data || wires.IsWire(to)) continue;
    for (const Wires::Bit& bit : wires.Bits(static_cast<size_t>(edge.from))) {
      if (bit.node < 0) continue;
      int64_t& last = last_use[static_cast<size_t>(bit.node)][static_cast<size_t>(bit.index)];
      last = std::max(last, latest[to]);
    }
  }
  const std::vector<int64_t> arrivals = Arrivals(graph, schedule, latest, ii);
  int64_t registers = 0;
  for (size_t v = 0; v < graph.nodes.size(); ++v) {
    for (const int64_t last : last_use[v]) {
      registers += last <= arrivals[v] ? 0 : CeilDiv(last - arrivals[v], ii);
    }
  }
  return registers;
}

}  // namespace

RegionArea RegionAreaOf(const Region& region, const LoopGraph& graph, const RegionSchedule& schedule,
                        const ProcessContext& context) {
  const int64_t ii = region.pipelined ? schedule.bound.ii : std::max<int64_t>(1, schedule.depth);
  const llvm::DataLayout& layout = context.function.getParent()->getDataLayout();
  Area area;
  if (region.pipelined) {
    area.lut = context.costs.tool.control_lut;
    // A bit says for each stage of the pipeline whether it is at work.
    area.ff = context.costs.tool.control_ff + CeilDiv(schedule.depth, ii);
  }
  // What may share a unit: an operator, its short form, its operands' widths.
  using Sharing = std::tuple<std::string, bool, std::array<int64_t, 2>>;
  struct Units {
    int64_t uses = 0;
    Core core;
  };
  std::map<Sharing, Units> units;
  const std::vector<int64_t> latest = LatestStarts(graph, schedule);
  const Wires wires(graph, layout);
  area.ff += WaitingBits(graph, schedule, latest, ii, wires);
  for (size_t v = 0; v < graph.nodes.size(); ++v) {
    const Node& node = graph.nodes[v];
    if (node.unit.empty()) {
      area.lut += wires.IsWire(v) ? 0 : node.core.lut;
    } else {
      Units& unit = units[{node.unit, schedule.short_core[v], node.unit_widths}];
      ++unit.uses;
      unit.core = schedule.short_core[v] ? context.costs.Choose(Operator::kFAddRecurrence, context.budget_ns)
                                         : node.core;
    }
  }
  Area operators;
  for (const auto& [sharing, unit] : units) {
    const int64_t instances = CeilDiv(unit.uses, ii);
    operators +=
        {.dsp = instances * unit.core.dsp, .lut = instances * unit.core.lut, .ff = instances * unit.core.ff};
    // Operands of a shared unit come through multiplexers.
    const int64_t shared = CeilDiv(unit.uses, instances);
    if (shared > 1) area.lut += 2 * instances * std::lround(context.costs.Logic(Fabric::kMux, shared).lut);
  }
  area += operators;
  return {area, operators};
}

Area StorageArea(const ProcessContext& context) {
  Area area;
  for (llvm::Instruction& instruction : llvm::instructions(context.function)) {
    const auto* array = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
    if (array && array->getAllocatedType()->isArrayTy()) area += ArrayArea(*array, context);
  }
  return area;
}

}  // namespace streamtensor::schedule
