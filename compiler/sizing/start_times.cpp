// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/start_times.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "compiler/sizing/clp.h"

namespace streamtensor::sizing {
namespace {

using compiler::ChannelCurves;
using compiler::Network;

constexpr double kGrain = 1e6;  // of a cycle

std::vector<double> Stretches(const OwnSchedules& own, Equalisation equalisation) {
  const size_t processes = own.processes.size();
  std::vector<double> stretch(processes, 1);
  if (equalisation == Equalisation::kNormal) return stretch;
  // A cycle's processes keep their distances: they are as long as the longest of them.
  std::map<int32_t, double> latency;
  double slowest = 0;
  for (size_t p = 0; p < processes; ++p) {
    double& of_cycle = latency[own.cycle[p]];
    of_cycle = std::max(of_cycle, own.processes[p].latency);
    slowest = std::max(slowest, of_cycle);
  }
  for (size_t p = 0; p < processes; ++p) {
    if (latency[own.cycle[p]] > 0) stretch[p] = slowest / latency[own.cycle[p]];
  }
  return stretch;
}

// Elements that pass a channel in a cycle, on average.
double Rate(const OwnSchedules& own, const std::vector<double>& stretch, const Network::Channel& channel,
            size_t index) {
  const auto tokens = static_cast<double>(own.writes[index].tokens);
  const double longest = std::max(own.processes[channel.source].latency * stretch[channel.source],
                                  own.processes[channel.sink].latency * stretch[channel.sink]);
  return longest > 0 ? tokens / longest : 0;
}

// What a further element of a FIFO costs, beyond the first steps.
double SlopeOf(const FifoPrices& prices, const Fifo& fifo, int64_t elements) {
  const int64_t deep = std::max<int64_t>(elements, 4096);
  return prices.Price(fifo, deep) / static_cast<double>(deep);
}

int64_t DepthOf(const ChannelCurves& curves, const StartTimes& times, const Network::Channel& channel) {
  auto at = [&](std::vector<double> curve, int32_t process) {
    for (double& time : curve) time = times.start[process] + times.stretch[process] * time;
    return curve;
  };
  return PeakOccupancy(at(curves.claimed, channel.source), at(curves.freed, channel.sink));
}

// When everything has ended at the earliest. The distances of a cycle's processes have no positive cycle, so
// that as many rounds as processes suffice.
std::vector<double> EarliestStarts(const Network& network, const std::vector<double>& distance,
                                   double first) {
  std::vector<double> start(network.processes.size(), first);
  bool moved = true;
  for (size_t round = 0; moved && round <= network.processes.size(); ++round) {
    moved = false;
    for (size_t channel = 0; channel < distance.size(); ++channel) {
      const double least = start[network.channels[channel].source] + distance[channel];
      double& sink = start[network.channels[channel].sink];
      if (least > sink + 1e-6) {
        sink = least;
        moved = true;
      }
    }
  }
  return start;
}

}  // namespace

double LeastDistance(const ChannelCurves& curves, double writer_stretch, double reader_stretch) {
  double distance = -std::numeric_limits<double>::infinity();
  for (size_t n = 0; n < curves.readable.size() && n < curves.taken.size(); ++n) {
    distance = std::max(distance, writer_stretch * curves.readable[n] - reader_stretch * curves.taken[n]);
  }
  return distance;
}

absl::StatusOr<StartTimes> FindStartTimes(const Problem& problem, const OwnSchedules& own,
                                          const FifoPrices& prices, Equalisation equalisation) {
  const Network& network = problem.network;
  const size_t processes = network.processes.size();
  StartTimes times;
  times.stretch = Stretches(own, equalisation);
  std::vector<double> distances;
  for (size_t channel = 0; channel < network.channels.size(); ++channel) {
    distances.push_back(LeastDistance(own.curves[channel], times.stretch[network.channels[channel].source],
                                      times.stretch[network.channels[channel].sink]));
  }
  // An input is there one handover after the run's beginning (own_schedules.h).
  const double first = -problem.timing.handover_cycles;
  const std::vector<double> earliest = EarliestStarts(network, distances, first);
  for (size_t p = 0; p < processes; ++p) {
    times.cycles = std::max(times.cycles, earliest[p] + times.stretch[p] * own.processes[p].latency);
  }
  LinearProgram program(processes);
  for (size_t p = 0; p < processes; ++p) {
    program.Bound(p, first, times.cycles - times.stretch[p] * own.processes[p].latency);
  }
  for (size_t channel = 0; channel < network.channels.size(); ++channel) {
    const Network::Channel& ends = network.channels[channel];
    if (ends.source == ends.sink || own.writes[channel].tokens == 0) continue;
    const double weight = Rate(own, times.stretch, ends, channel) *
                          SlopeOf(prices, problem.fifos[channel], own.writes[channel].tokens);
    program.AddCost(static_cast<size_t>(ends.sink), weight);
    program.AddCost(static_cast<size_t>(ends.source), -weight);
    program.AddRow({{static_cast<size_t>(ends.sink), 1.0}, {static_cast<size_t>(ends.source), -1.0}},
                   distances[channel]);
  }
  absl::StatusOr<std::vector<double>> start = program.Minimise();
  if (!start.ok()) {
    return absl::Status(start.status().code(),
                        absl::StrCat(problem.name, ": start times: ", start.status().message()));
  }
  times.start = *std::move(start);
  // Clp's last bits would count elements that come and go in the same cycle twice.
  for (double& at : times.start) at = std::round(at * kGrain) / kGrain;
  for (size_t channel = 0; channel < network.channels.size(); ++channel) {
    const Fifo& fifo = problem.fifos[channel];
    times.depths.push_back(std::clamp(DepthOf(own.curves[channel], times, network.channels[channel]),
                                      fifo.least_depth, fifo.most_depth));
  }
  return times;
}

}  // namespace streamtensor::sizing
