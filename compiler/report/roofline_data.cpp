// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/roofline_data.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace streamtensor::compiler {
namespace {

using llvm::json::Array;
using llvm::json::Object;

// The step with `tokens` tokens that is most like the given one.
StepMix WithTokens(const StepMix& mix, int64_t tokens, bool sequences) {
  SequenceStep one = mix.front();
  if (!sequences) {
    one.tokens = tokens;
    return {one};
  }
  one.tokens = 1;
  one.logits = std::min<int64_t>(one.logits, 1);
  return StepMix(static_cast<size_t>(tokens), one);
}

}  // namespace

absl::StatusOr<Array> RooflineData(const SizedDesign& design, const StepMix& mix) {
  const int64_t most = std::max<int64_t>(design.manifest().launch().step_tokens(), 1);
  const bool sequences = design.manifest().launch().max_pages() > 0;
  std::vector<int64_t> counts;
  for (int64_t tokens = 1; tokens < most; tokens *= 2) counts.push_back(tokens);
  counts.push_back(most);

  std::vector<std::optional<absl::StatusOr<ModelledLaunch>>> launches(counts.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    LaunchOptions options;
    options.attribute = false;
    // The longest first.
    for (size_t i = next++; i < counts.size(); i = next++) {
      const size_t at = counts.size() - 1 - i;
      launches[at].emplace(design.Launch(WithTokens(mix, counts[at], sequences), options));
    }
  };
  std::vector<std::thread> threads;
  const size_t workers =
      std::min<size_t>(counts.size(), std::max<unsigned>(std::thread::hardware_concurrency(), 1));
  for (size_t i = 1; i < workers; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();

  Array points;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (!launches[i]->ok()) return launches[i]->status();
    const ModelledLaunch& launch = **launches[i];
    const std::vector<double>& busy = launch.simulation.bank_busy;
    Object point{{"tokens", counts[i]},
                 {"chosen", counts[i] == TokensOf(mix) && (!sequences || mix.front().tokens == 1)},
                 {"bytes", launch.bytes},
                 {"cycles", launch.cycles()},
                 {"peak_cycles", launch.floor_cycles},
                 {"bank_cycles", busy.empty() ? 0 : *std::max_element(busy.begin(), busy.end())}};
    if (design.engine() >= 0) {
      point["engine_cycles"] = launch.simulation.processes[static_cast<size_t>(design.engine())].busy;
    }
    points.push_back(std::move(point));
  }
  return points;
}

}  // namespace streamtensor::compiler
