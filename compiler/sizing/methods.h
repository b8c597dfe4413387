// SPDX-License-Identifier: Apache-2.0
// Ways to find depths, behind one interface. Those marked * keep pace with unbounded FIFOs.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "compiler/sizing/fifo_prices.h"
#include "compiler/sizing/problem.h"

namespace streamtensor::sizing {

enum class Method {
  kDepthTwo,         // what hls::stream has without a pragma
  kLeastToComplete,  // the least that doesn't deadlock, however slow
  kUnboundedPeak,    // * what FIFOs hold at most where none is ever full
  kPaperNormal,      // paper_program.h
  kPaperConservative,
  kGreedy,            // * from the peak, the dearest FIFO first, each to its least
  kAnnealing,         // * simulated annealing from the peak
  kStartTimesNormal,  // * start_times.h
  kStartTimesConservative,
  kLeastCost,  // * from the cheapest of the above that is marked *, improved until nothing gives
};
inline constexpr const char* kMethodNames[] = {
    "depth-2",      "least-to-complete",  "unbounded-peak",
    "paper-normal", "paper-conservative", "greedy",
    "annealing",    "start-times-normal", "start-times-conservative",
    "least-cost"};

struct MethodOptions {
  uint64_t seed = 1;
  int64_t annealing_replays = 1000;
  // After its first descent kLeastCost goes on until its replays have moved so many elements.
  int64_t least_cost_moves = 20'000'000;
};

//   INTERNAL            Clp found no optimum
//   RESOURCE_EXHAUSTED  too many paths (paper_program.h)
//   FAILED_PRECONDITION the network deadlocks at any depth
absl::StatusOr<Depths> FindDepths(Method method, Judge& judge, const FifoPrices& prices,
                                  const MethodOptions& options);

// The parts of it.
Depths LeastToComplete(Judge& judge, const FifoPrices& prices);
Depths Greedy(Judge& judge, const FifoPrices& prices);
// FIFOAdvisor's method (arXiv 2510.20981): one random level of one random FIFO is another, and a worse state
// is kept with a probability that sinks.
Depths Anneal(Judge& judge, const FifoPrices& prices, uint64_t seed, int64_t replays);
// From `starts`, of which those that don't keep pace are ignored; the unbounded peak if none does.
Depths LeastCost(Judge& judge, const FifoPrices& prices, const std::vector<Depths>& starts, uint64_t seed,
                 int64_t moves);

}  // namespace streamtensor::sizing
