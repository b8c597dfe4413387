// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/area.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "compiler/schedule/memory_ports.h"
#include "compiler/schedule/operator_costs.h"
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

// The states in which a value waits for its last use, by II: an iteration's register holds it for II states.
int64_t RegisterStages(int64_t finish, int64_t last_use, int64_t ii) {
  const int64_t waits = last_use - finish;
  return waits <= 0 ? 0 : CeilDiv(waits, ii);
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
  struct Units {
    int64_t uses = 0;
    Core core;
  };
  std::map<std::string, Units> units;
  const std::vector<int64_t> latest = LatestStarts(graph, schedule);
  std::vector<int64_t> last_use(graph.nodes.size());
  for (const Edge& edge : graph.edges) {
    if (!edge.data) continue;
    int64_t& last = last_use[static_cast<size_t>(edge.from)];
    last = std::max(last, latest[static_cast<size_t>(edge.to)]);
  }
  for (size_t v = 0; v < graph.nodes.size(); ++v) {
    const Node& node = graph.nodes[v];
    if (node.unit.empty()) {
      area.lut += node.core.lut;
    } else {
      Units& unit = units[schedule.short_core[v] ? node.unit + ".short" : node.unit];
      ++unit.uses;
      const Core core = schedule.short_core[v]
                            ? context.costs.Choose(Operator::kFAddRecurrence, context.budget_ns)
                            : node.core;
      if (unit.uses == 1 || core.dsp > unit.core.dsp) unit.core = core;
    }
    if (!node.instruction->getType()->isSized() || node.instruction->getType()->isPointerTy()) continue;
    const int64_t finish = latest[v] + schedule.finish[v] - schedule.start[v];
    area.ff += RegisterStages(finish, last_use[v], ii) * ValueWidth(node.instruction, layout);
  }
  Area operators;
  for (const auto& [name, unit] : units) {
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
