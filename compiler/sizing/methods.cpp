// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/methods.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "compiler/sizing/paper_program.h"
#include "compiler/sizing/start_times.h"

namespace streamtensor::sizing {
namespace {

using compiler::Network;
using compiler::Wait;

Depths DepthTwo(const Problem& problem) {
  Depths depths;
  for (const Fifo& fifo : problem.fifos) {
    depths.push_back(std::min(std::max<int64_t>(fifo.least_depth, 2), fifo.most_depth));
  }
  return depths;
}

absl::StatusOr<Depths> StartTimeDepths(const Judge& judge, const OwnSchedules& own, const FifoPrices& prices,
                                       Equalisation equalisation) {
  absl::StatusOr<StartTimes> times = FindStartTimes(judge.problem(), own, prices, equalisation);
  if (!times.ok()) return times.status();
  return std::move(times->depths);
}

}  // namespace

Depths LeastToComplete(Judge& judge, const FifoPrices& prices) {
  const Problem& problem = judge.problem();
  Network network = problem.network;
  for (size_t i = 0; i < problem.fifos.size(); ++i) network.channels[i].depth = problem.fifos[i].least_depth;
  // Parks' rule, as in size-fifos.
  RunNetwork(network, [&](Network& grown, const std::vector<Wait>& cycle) {
    int32_t best = -1;
    auto price = [&](int32_t channel) {
      const Fifo& fifo = problem.fifos[channel];
      return fifo.words * fifo.bits * grown.channels[channel].depth;
    };
    for (const Wait& wait : cycle) {
      if (wait.full && (best < 0 || price(wait.channel) < price(best))) best = wait.channel;
    }
    if (best < 0) return false;
    ++grown.channels[best].depth;
    return true;
  });
  Depths depths;
  for (const Network::Channel& channel : network.channels) depths.push_back(channel.depth);
  for (size_t i = 0; i < depths.size(); ++i) {
    int64_t low = problem.fifos[i].least_depth - 1, high = depths[i];
    while (high - low > 1) {
      depths[i] = (low + high) / 2;
      (judge.Completes(depths) ? high : low) = depths[i];
    }
    depths[i] = high;
  }
  return depths;
}

absl::StatusOr<Depths> FindDepths(Method method, Judge& judge, const FifoPrices& prices,
                                  const MethodOptions& options) {
  const Problem& problem = judge.problem();
  if (!judge.Completes(UnboundedDepths(problem))) {
    return absl::FailedPreconditionError(absl::StrCat(problem.name, ": deadlocks at any depth"));
  }
  switch (method) {
    case Method::kDepthTwo:
      return DepthTwo(problem);
    case Method::kLeastToComplete:
      return LeastToComplete(judge, prices);
    case Method::kUnboundedPeak:
      return judge.unbounded_peak();
    case Method::kPaperNormal:
      return PaperDepths(problem, FindOwnSchedules(problem), Equalisation::kNormal, judge.unbounded_peak());
    case Method::kPaperConservative:
      return PaperDepths(problem, FindOwnSchedules(problem), Equalisation::kConservative,
                         judge.unbounded_peak());
    case Method::kGreedy:
      return Greedy(judge, prices);
    case Method::kAnnealing:
      return Anneal(judge, prices, options.seed, options.annealing_replays);
    case Method::kStartTimesNormal:
    case Method::kStartTimesConservative:
      return StartTimeDepths(
          judge, FindOwnSchedules(problem), prices,
          method == Method::kStartTimesNormal ? Equalisation::kNormal : Equalisation::kConservative);
    case Method::kLeastCost: {
      const OwnSchedules own = FindOwnSchedules(problem);
      std::vector<Depths> starts = {judge.unbounded_peak()};
      for (const Equalisation equalisation : {Equalisation::kNormal, Equalisation::kConservative}) {
        absl::StatusOr<Depths> depths = StartTimeDepths(judge, own, prices, equalisation);
        if (!depths.ok()) return depths.status();
        starts.push_back(*std::move(depths));
      }
      return LeastCost(judge, prices, starts, options.seed, options.least_cost_moves);
    }
  }
  return absl::InternalError("unknown method");
}

}  // namespace streamtensor::sizing
