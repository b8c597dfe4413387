// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/estimator.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "compiler/schedule/control_slice.h"
#include "compiler/schedule/front_end.h"
#include "compiler/schedule/memory_ports.h"
#include "compiler/schedule/passes.h"
#include "compiler/schedule/preparation.h"
#include "compiler/schedule/trip_count.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/Support/raw_ostream.h"

namespace streamtensor::schedule {
namespace {

// Entering a loop and leaving it (UG1399, loop flattening; all published modules of one loop).
constexpr int64_t kLoopEntryExit = 2;

class ProcessEstimator {
 public:
  explicit ProcessEstimator(const ProcessContext& context) : context_(context) {}

  // All of the process', after Run().
  const std::vector<ScheduledRegion>& regions() const { return regions_; }

  ProcessEstimate Run() {
    estimate_.name = PlainName(context_.function);
    estimate_.cycles = Straight(nullptr);
    // LoopInfo lists the last of the outermost loops first.
    for (llvm::Loop* loop : llvm::reverse(context_.loops)) AddLoop(*loop, estimate_.cycles);
    estimate_.storage = StorageArea(context_);
    AddAdapters();
    estimate_.area += estimate_.storage;
    return std::move(estimate_);
  }

 private:
  // As wide as what an iteration takes of neighbouring places, up to what Vitis widens to.
  void AddAdapters() {
    std::map<std::string, int64_t> bits;
    for (const LoopEstimate& loop : estimate_.loops) {
      for (const AxiAccess& access : loop.axi) {
        const int64_t together = access.burst ? access.accesses : 1;
        int64_t& widest = bits[access.port];
        widest = std::max(widest, std::min(context_.costs.tool.axi_bits, 8 * access.bytes * together));
      }
    }
    for (const llvm::Argument& argument : context_.function.args()) {
      if (!context_.directives.Find(context_.function, &argument).axi) continue;
      const auto found = bits.find(ObjectName(&argument));
      estimate_.storage +=
          AdapterArea(found == bits.end() ? context_.costs.tool.axi_bits : found->second, context_.costs);
    }
  }

  void AddLoop(llvm::Loop& loop, CycleFormula& cycles) {
    cycles += kLoopEntryExit;
    cycles += Cycles(loop);
  }

  CycleFormula Cycles(llvm::Loop& loop) {
    llvm::Loop* innermost = &loop;
    while (innermost->getSubLoops().size() == 1) innermost = innermost->getSubLoops()[0];
    if (innermost->isInnermost()) {
      Region region = LoopRegion(*innermost, context_.scev);
      if (region.outer() == &loop) return Scheduled(region);
    }
    CycleFormula iteration = Straight(&loop);
    for (llvm::Loop* inner : loop.getSubLoops()) AddLoop(*inner, iteration);
    return TripCount(&loop) * iteration;
  }

  // States of the code between the loops.
  CycleFormula Straight(const llvm::Loop* loop) {
    ScheduledRegion straight;
    straight.region = StraightRegion(context_.function, context_.loops, loop);
    straight.loop = loop;
    straight.graph = BuildGraph(straight.region, context_);
    straight.schedule = Schedule(straight.region, straight.graph, context_);
    straight.area = RegionAreaOf(straight.region, straight.graph, straight.schedule, context_).all;
    estimate_.area += straight.area;
    const int64_t depth = straight.schedule.depth;
    regions_.push_back(std::move(straight));
    return depth - 1;
  }

  CycleFormula Scheduled(const Region& region) {
    LoopGraph graph = BuildGraph(region, context_);
    RegionSchedule schedule = Schedule(region, graph, context_);
    LoopEstimate loop;
    loop.line = region.line;
    loop.pipelined = region.pipelined;
    loop.flattened_loops = static_cast<int64_t>(region.nest.size());
    loop.iterations = 1;
    for (const NestLoop& level : region.nest) loop.iterations = loop.iterations * TripCount(level.loop);
    loop.depth = schedule.depth;
    const RegionArea area = RegionAreaOf(region, graph, schedule, context_);
    loop.area = area.all;
    loop.operators = area.operators;
    loop.axi = schedule.axi;
    loop.bound = schedule.bound;
    regions_.push_back({region, nullptr, std::move(graph), std::move(schedule), area.all});
    const int64_t interval = loop.CyclesOf(1) - loop.CyclesOf(0);
    loop.cycles = CycleFormula(interval) * loop.iterations;
    loop.cycles += loop.CyclesOf(0);
    estimate_.area += loop.area;
    estimate_.loops.push_back(loop);
    return loop.cycles;
  }

  CycleFormula TripCount(const llvm::Loop* loop) {
    const unsigned constant = context_.scev.getSmallConstantTripCount(loop);
    if (constant != 0) return constant;
    if (const auto formula = TripCountFormula(*loop, context_.loops, context_.scev)) return *formula;
    std::string name = absl::StrCat("N", LoopDirective(*loop, kLoopLine).value_or(0));
    std::string meaning;
    const llvm::SCEV* taken = context_.scev.getBackedgeTakenCount(loop);
    if (llvm::isa<llvm::SCEVCouldNotCompute>(taken)) {
      meaning = "no count known";
    } else {
      llvm::raw_string_ostream(meaning) << "1 + " << *taken;
    }
    const auto [found, added] = estimate_.symbols.try_emplace(name, meaning);
    for (int copy = 2; !added && found->second != meaning; ++copy) {
      const std::string next = absl::StrCat(name, "_", copy);
      if (estimate_.symbols.try_emplace(next, meaning).second || estimate_.symbols[next] == meaning) {
        return CycleFormula::Symbol(next);
      }
    }
    return CycleFormula::Symbol(name);
  }

  const ProcessContext& context_;
  ProcessEstimate estimate_;
  std::vector<ScheduledRegion> regions_;
};

// What the processes of a design need of their channels' values, found by need: those that a process asks for
// are asked of the process that pushes them.
class CodeMaker {
 public:
  CodeMaker(DesignCode& design, std::vector<ProcessContext>& contexts,
            const std::vector<std::vector<ScheduledRegion>>& regions)
      : design_(design), contexts_(contexts), regions_(regions), pushed_(contexts.size()) {
    for (size_t p = 0; p < contexts.size(); ++p) pushed_[p].resize(contexts[p].function.arg_size());
  }

  absl::Status Run() {
    design_.processes.resize(contexts_.size());
    std::vector<size_t> stale(contexts_.size());
    for (size_t p = 0; p < stale.size(); ++p) stale[p] = p;
    while (!stale.empty()) {
      for (size_t p : stale) {
        ASSIGN_OR_RETURN(design_.processes[p], ControlCodeOf(contexts_[p], regions_[p], pushed_[p]));
      }
      stale = AskForValues();
    }
    return absl::OkStatus();
  }

 private:
  // The processes that have more to push.
  std::vector<size_t> AskForValues() {
    std::vector<bool> wanted(design_.channels.size());
    for (const CodeCall& call : design_.calls) {
      const std::vector<bool>& reads = design_.processes[static_cast<size_t>(call.process)].reads_values;
      for (size_t i = 0; i < call.arguments.size(); ++i) {
        if (call.arguments[i].kind == CodeArgument::Kind::kChannel && reads[i]) {
          wanted[static_cast<size_t>(call.arguments[i].first)] = true;
        }
      }
    }
    std::vector<size_t> stale;
    for (const CodeCall& call : design_.calls) {
      const auto process = static_cast<size_t>(call.process);
      for (size_t i = 0; i < call.arguments.size(); ++i) {
        if (call.arguments[i].kind != CodeArgument::Kind::kChannel || pushed_[process][i] ||
            !wanted[static_cast<size_t>(call.arguments[i].first)]) {
          continue;
        }
        pushed_[process][i] = true;
        if (stale.empty() || stale.back() != process) stale.push_back(process);
      }
    }
    return stale;
  }

  DesignCode& design_;
  std::vector<ProcessContext>& contexts_;
  const std::vector<std::vector<ScheduledRegion>>& regions_;
  std::vector<std::vector<bool>> pushed_;  // by process and parameter
};

absl::Status CheckClock(double clock_ns, double uncertainty) {
  if (!(clock_ns > 0 && clock_ns <= 1000)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a clock period of ", clock_ns, " ns; expected more than 0 and at most 1000"));
  }
  if (!(uncertainty >= 0 && uncertainty < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a clock uncertainty of ", uncertainty, "; expected a part of the period, 0 to 1"));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t LoopEstimate::CyclesOf(int64_t iterations) const {
  if (!pipelined) return depth * iterations;
  return bound.ii * (iterations - 1) + depth - (depth > bound.ii ? 1 : 0);
}

namespace {

absl::StatusOr<ScheduledDesign> Run(const std::string& source, const DeviceCosts& costs,
                                    const EstimateOptions& options, bool with_code) {
  const double uncertainty = options.uncertainty.value_or(costs.tool.uncertainty);
  RETURN_IF_ERROR(CheckClock(options.clock_ns, uncertainty));
  llvm::LLVMContext context;
  ASSIGN_OR_RETURN(const std::unique_ptr<llvm::Module> module,
                   EmitIr(source, options.include_folders, context));
  PassRunner passes;
  ASSIGN_OR_RETURN(PreparedModule prepared,
                   Prepare(*module, {options.top, options.unsafe_math}, costs, passes));
  if (with_code && !prepared.dataflow) {
    return absl::InvalidArgumentError("the text has no function with DATAFLOW to simulate");
  }
  ScheduledDesign scheduled;
  DesignEstimate& design = scheduled.estimate;
  design.dataflow = prepared.dataflow;
  design.channels = std::move(prepared.channels);
  design.ports = std::move(prepared.ports);
  for (const Channel& channel : design.channels) design.area += channel.area;
  std::vector<ProcessContext> contexts;
  std::vector<std::vector<ScheduledRegion>> regions;
  for (llvm::Function* function : prepared.processes) {
    llvm::FunctionAnalysisManager& analyses = passes.functions();
    const ProcessContext& process = contexts.emplace_back(
        ProcessContext{*function, costs, options.clock_ns * (1 - uncertainty), prepared.directives,
                       analyses.getResult<llvm::LoopAnalysis>(*function),
                       analyses.getResult<llvm::ScalarEvolutionAnalysis>(*function),
                       analyses.getResult<llvm::PostDominatorTreeAnalysis>(*function)});
    AddAutomaticStorage(process, prepared.directives);
    ProcessEstimator estimator(process);
    design.processes.push_back(estimator.Run());
    design.area += design.processes.back().area;
    if (with_code) regions.push_back(estimator.regions());
  }
  if (!with_code) return scheduled;
  scheduled.code = std::move(prepared.connections);
  RETURN_IF_ERROR(CodeMaker(scheduled.code, contexts, regions).Run());
  for (size_t p = 0; p < design.processes.size(); ++p)
    scheduled.code.processes[p].name = design.processes[p].name;
  return scheduled;
}

}  // namespace

absl::StatusOr<DesignEstimate> Estimate(const std::string& source, const DeviceCosts& costs,
                                        const EstimateOptions& options) {
  ASSIGN_OR_RETURN(ScheduledDesign design, Run(source, costs, options, /*with_code=*/false));
  return std::move(design.estimate);
}

absl::StatusOr<ScheduledDesign> ScheduleDesign(const std::string& source, const DeviceCosts& costs,
                                               const EstimateOptions& options) {
  return Run(source, costs, options, /*with_code=*/true);
}

}  // namespace streamtensor::schedule
