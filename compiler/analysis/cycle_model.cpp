// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/cycle_model.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/analysis/network_timing.h"
#include "compiler/analysis/process_cycles.h"
#include "compiler/processes/ProcessDialect.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler {
namespace {

using dataflow::ChannelKind;

constexpr int64_t kPagesForSlope = 8;

int64_t CountStreams(dataflow::DesignOp design, ChannelKind kind) {
  return llvm::count_if(design.getBody().getOps<dataflow::StreamOp>(),
                        [&](dataflow::StreamOp stream) { return stream.getKind() == kind; });
}

// Null: the design has none.
process::EngineOp FindEngine(dataflow::DesignOp design) {
  const auto engines = design.getBody().getOps<process::EngineOp>();
  return engines.empty() ? process::EngineOp() : *engines.begin();
}

// What waits at the engine's channels, and how long it computes.
void CountEngine(process::EngineOp engine, const DesignNetwork& built, const NetworkTiming& timing,
                 StepCycles& cycles) {
  for (size_t process = 0; process < built.network.processes.size(); ++process) {
    if (built.network.processes[process].name != engine.getSymName()) continue;
    cycles.engine_busy = static_cast<uint64_t>(timing.processes[process].computed);
    double frames = 0, weights = 0, results = 0;
    for (size_t channel = 0; channel < built.streams.size(); ++channel) {
      const auto index = static_cast<int32_t>(process);
      const ChannelTiming& waits = timing.channels[channel];
      if (built.network.channels[channel].source == index) results += waits.writer_waited;
      if (built.network.channels[channel].sink != index) continue;
      (dataflow::StreamOp(built.streams[channel]).getKind() == ChannelKind::blocks ? weights : frames) +=
          waits.reader_waited;
    }
    cycles.engine_waits = static_cast<uint64_t>(frames);
    cycles.engine_weight_waits = static_cast<uint64_t>(weights);
    cycles.engine_result_waits = static_cast<uint64_t>(results);
  }
}

// The longest that a channel's loads take by themselves.
double MemoryCycles(const DesignNetwork& built, const NetworkTiming& timing) {
  double cycles = 0;
  for (size_t channel = 0; channel < built.streams.size(); ++channel) {
    if (dataflow::StreamOp(built.streams[channel]).getKind() != ChannelKind::blocks) continue;
    cycles = std::max(cycles, timing.processes[built.network.channels[channel].source].computed);
  }
  return cycles;
}

}  // namespace

mlir::FailureOr<StepCycles> ModelStepCycles(dataflow::DesignOp design, const Platform& platform,
                                            StepShape shape, int64_t context_pages) {
  shape.layers = static_cast<int64_t>(design.getLayers());
  NetworkCosts costs;
  costs.words_per_cycle =
      std::min(1.0, platform.memory.UsableBytesPerSecond() / (contract::kWordBytes * platform.clock_hz));
  costs.first_word_cycles = platform.memory.read_latency_seconds * platform.clock_hz;
  costs.context_pages = context_pages;
  mlir::FailureOr<DesignNetwork> built = BuildNetwork(design, shape, costs);
  if (mlir::failed(built)) return mlir::failure();
  const NetworkTiming timing = TimeNetwork(built->network, TimingOptions());
  StepCycles cycles;
  cycles.total = static_cast<uint64_t>(std::ceil(timing.cycles));
  cycles.memory_needed = static_cast<uint64_t>(MemoryCycles(*built, timing));
  if (process::EngineOp engine = FindEngine(design)) CountEngine(engine, *built, timing, cycles);
  return cycles;
}

mlir::FailureOr<CycleModel> ModelCycles(dataflow::DesignOp design, const Platform& platform,
                                        uint64_t weight_bytes_per_step, uint64_t kv_page_bytes) {
  const int64_t tokens = std::max<int64_t>(design.getBound("T"), 1), logits = design.getBound("W");
  bool failed = false;
  auto model = [&](int64_t t, int64_t w, int64_t pages) {
    const auto cycles = ModelStepCycles(design, platform, {t, 1, {LastRows(t, w)}}, pages);
    failed |= mlir::failed(cycles);
    return mlir::failed(cycles) ? StepCycles() : *cycles;
  };
  CycleModel result;
  artifact::v1::TimingModel& timing = result.timing;
  timing.set_clock_hz(platform.clock_hz);
  timing.set_launch_cycles(static_cast<uint64_t>(std::llround(platform.launch_seconds * platform.clock_hz)));
  for (int64_t t = 1; t <= tokens && !failed; ++t) {
    result.steps.push_back(model(t, std::min<int64_t>(logits, 1), 0));
    timing.add_step_cycles(result.steps.back().total);
  }
  if (failed) return mlir::failure();
  const int64_t most = std::min(tokens, logits);
  if (most > 1) {
    const uint64_t all = model(tokens, most, 0).total, one = result.steps.back().total;
    timing.set_logits_cycles(all > one ? (all - one) / static_cast<uint64_t>(most - 1) : 0);
  }
  if (CountStreams(design, ChannelKind::pages) > 0) {
    const auto with = static_cast<double>(model(1, std::min<int64_t>(logits, 1), kPagesForSlope).total);
    timing.set_context_page_cycles((with - static_cast<double>(result.steps.front().total)) / kPagesForSlope);
    timing.set_bytes_per_context_page(2 * kv_page_bytes);
  }
  if (failed) return mlir::failure();
  timing.set_static_watts(platform.static_watts);
  timing.set_dynamic_joules_per_step_byte(platform.dynamic_joules_per_byte);
  timing.set_bytes_per_step(weight_bytes_per_step);
  timing.set_memory_bytes_per_second(platform.memory.PeakBytesPerSecond());
  result.weight_channels = CountStreams(design, ChannelKind::blocks);
  if (process::EngineOp engine = FindEngine(design)) result.unroll = static_cast<int64_t>(engine.getLanes());
  result.engine_dsps = EngineDsps(result.weight_channels, result.unroll);
  result.memory_seconds_floor =
      static_cast<double>(weight_bytes_per_step) / platform.memory.PeakBytesPerSecond();
  return result;
}

}  // namespace streamtensor::compiler
