// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/step_timing.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kPagesForSlope = 8;

class StepTimer {
 public:
  StepTimer(const SizedDesign& design, const TimedLayers& layers) : design_(design), layers_(layers) {}

  // Cycles of a launch with all layers.
  absl::StatusOr<double> Cycles(const SequenceStep& sequence) const {
    LaunchOptions options;
    options.attribute = false;
    ASSIGN_OR_RETURN(const ModelledLaunch launch, design_.Launch({sequence}, options));
    const int64_t missing = layers_.layers - layers_.scheduled;
    if (missing <= 0) return launch.simulation.cycles;
    ASSIGN_OR_RETURN(const double layer, LastLayer(launch.simulation));
    return launch.simulation.cycles + static_cast<double>(missing) * layer;
  }

 private:
  // From the last frame of the layer before the last to that of the last.
  absl::StatusOr<double> LastLayer(const SimulationResult& result) const {
    const int64_t end = layers_.frames_before + layers_.scheduled * layers_.frames_each;
    const int64_t last = end - 1, before = last - layers_.frames_each;
    for (const ChannelActivity& channel : result.channels) {
      if (static_cast<int64_t>(channel.published.size()) != end + layers_.frames_after || before < 0)
        continue;
      return channel.published[static_cast<size_t>(last)] - channel.published[static_cast<size_t>(before)];
    }
    return absl::InternalError(absl::StrCat("no stream passes ", end + layers_.frames_after, " frames in ",
                                            layers_.scheduled, " layers"));
  }

  const SizedDesign& design_;
  const TimedLayers& layers_;
};

}  // namespace

absl::StatusOr<StepTiming> TimeSteps(const SizedDesign& design, const TimedLayers& layers) {
  const artifact::v1::Launch& launch = design.manifest().launch();
  const Platform& platform = design.platform();
  const int64_t most = std::max<int64_t>(launch.step_tokens(), 1), logits = launch.step_logits();
  const int64_t one_row = std::min<int64_t>(logits, 1);
  const StepTimer timer(design, layers);
  StepTiming result;
  artifact::v1::TimingModel& timing = result.timing;
  timing.set_clock_hz(platform.clock_hz);
  timing.set_launch_cycles(static_cast<uint64_t>(std::llround(platform.launch_seconds * platform.clock_hz)));
  double before = 0;
  for (int64_t tokens = 1; tokens <= most; tokens = tokens == most ? most + 1 : std::min(4 * tokens, most)) {
    ASSIGN_OR_RETURN(const double here, timer.Cycles({tokens, 0, one_row}));
    // Of a few tokens, all rows of logits: a step of many would take the simulation longer.
    if (const int64_t rows = std::min(tokens, logits); rows > 1 && timing.logits_cycles() == 0) {
      ASSIGN_OR_RETURN(const double all, timer.Cycles({tokens, 0, rows}));
      timing.set_logits_cycles(
          static_cast<uint64_t>(std::llround(std::max(0.0, all - here) / static_cast<double>(rows - 1))));
    }
    const int64_t done = timing.step_cycles_size();
    for (int64_t between = done + 1; between <= tokens; ++between) {
      const double part = static_cast<double>(between - done) / static_cast<double>(tokens - done);
      timing.add_step_cycles(static_cast<uint64_t>(std::llround(before + part * (here - before))));
    }
    before = here;
    result.simulated.push_back(tokens);
  }
  // The last position is the token's own.
  const int64_t context = std::min<int64_t>(kPagesForSlope * contract::kPageTokens,
                                            int64_t{launch.max_pages()} * contract::kPageTokens - 1);
  if (context > 0) {
    const int64_t pages = contract::CeilDiv<int64_t>(context, contract::kPageTokens);
    ASSIGN_OR_RETURN(const double with, timer.Cycles({1, context, one_row}));
    const auto without = static_cast<double>(timing.step_cycles(0));
    timing.set_context_page_cycles(std::max(0.0, with - without) / static_cast<double>(pages));
  }
  timing.set_static_watts(platform.static_watts);
  timing.set_dynamic_joules_per_step_byte(platform.dynamic_joules_per_byte);
  timing.set_memory_bytes_per_second(platform.memory.PeakBytesPerSecond());
  return result;
}

}  // namespace streamtensor::compiler
