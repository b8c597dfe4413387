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

Area MemoryArea(int64_t words, int64_t bits, bool uram, const StorageRules& storage) {
  Area area;
  const bool auto_uram = words >= storage.uram_from_words && words <= storage.uram_to_words;
  if (uram || auto_uram) {
    area.uram = CeilDiv(words, storage.uram_to_words) * CeilDiv(bits, storage.uram_width);
  } else if (words <= storage.lutram_words) {
    area.ff = bits;
    area.lut = CeilDiv(words, storage.lutram_words / 2) * bits + 1;
  } else {
    area.bram18 = std::max(CeilDiv(words * bits, storage.bram18_bits), CeilDiv(bits, storage.bram18_width));
  }
  return area;
}

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

// The states in which a value waits for its last use, by II: an iteration's register holds it for II states.
int64_t RegisterStages(int64_t finish, int64_t last_use, int64_t ii) {
  const int64_t waits = last_use - finish;
  return waits <= 0 ? 0 : CeilDiv(waits, ii);
}

}  // namespace

Area& Area::operator+=(const Area& other) {
  dsp += other.dsp;
  lut += other.lut;
  ff += other.ff;
  bram18 += other.bram18;
  uram += other.uram;
  return *this;
}

Area RegionArea(const Region& region, const LoopGraph& graph, const RegionSchedule& schedule,
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
  std::vector<int64_t> last_use(graph.nodes.size());
  for (const Edge& edge : graph.edges) {
    if (!edge.data) continue;
    int64_t& last = last_use[static_cast<size_t>(edge.from)];
    last = std::max(last, schedule.start[static_cast<size_t>(edge.to)]);
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
    area.ff += RegisterStages(schedule.finish[v], last_use[v], ii) * ValueWidth(node.instruction, layout);
  }
  for (const auto& [name, unit] : units) {
    const int64_t instances = CeilDiv(unit.uses, ii);
    area.dsp += instances * unit.core.dsp;
    area.lut += instances * unit.core.lut;
    area.ff += instances * unit.core.ff;
    // Operands of a shared unit come through multiplexers.
    const int64_t shared = CeilDiv(unit.uses, instances);
    if (shared > 1) area.lut += 2 * instances * std::lround(context.costs.Logic(Fabric::kMux, shared).lut);
  }
  return area;
}

Area StorageArea(const ProcessContext& context) {
  Area area;
  for (llvm::Instruction& instruction : llvm::instructions(context.function)) {
    const auto* array = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
    if (array && array->getAllocatedType()->isArrayTy()) area += ArrayArea(*array, context);
  }
  for (const llvm::Argument& argument : context.function.args()) {
    if (!context.directives.Find(context.function, &argument).axi) continue;
    const AxiCost& adapter = context.costs.axi.back();
    area += {.lut = adapter.lut, .ff = adapter.ff, .bram18 = adapter.bram18};
  }
  return area;
}

}  // namespace streamtensor::schedule
