// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/problem.h"

#include <algorithm>

namespace streamtensor::sizing {
namespace {

using compiler::Network;
using compiler::NetworkTiming;
using compiler::TimingOptions;
using Kind = Network::Operation::Kind;

// Sums of many small costs differ in their last bits with the order of events.
constexpr double kRounding = 1e-9;

}  // namespace

std::vector<int64_t> CountElements(const Network& network) {
  std::vector<int64_t> elements(network.channels.size(), 0);
  for (const Network::Process& process : network.processes) {
    std::vector<int64_t> times = {1};
    for (const Network::Operation& operation : process.program) {
      switch (operation.kind) {
        case Kind::kLoop:
          times.push_back(times.back() * operation.count);
          break;
        case Kind::kEnd:
          times.pop_back();
          break;
        case Kind::kWrite:
          elements[operation.channel] += times.back() * operation.count;
          break;
        case Kind::kPublish:
          elements[operation.channel] += times.back();
          break;
        default:
          break;
      }
    }
  }
  return elements;
}

Depths UnboundedDepths(const Problem& problem) {
  Depths depths = CountElements(problem.network);
  for (size_t i = 0; i < depths.size(); ++i) {
    depths[i] = std::min(std::max(depths[i], problem.fifos[i].least_depth), problem.fifos[i].most_depth);
  }
  return depths;
}

int64_t PeakOccupancy(const std::vector<double>& claimed, const std::vector<double>& freed) {
  int64_t most = 1;
  size_t gone = 0;
  for (size_t n = 0; n < claimed.size(); ++n) {
    while (gone < freed.size() && freed[gone] <= claimed[n]) ++gone;
    most = std::max(most, static_cast<int64_t>(n + 1) - static_cast<int64_t>(std::min(gone, n)));
  }
  return most;
}

Judge::Judge(const Problem& problem) : problem_(problem), network_(problem.network) {
  TimingOptions timing = problem.timing;
  timing.record = true;
  const Depths depths = UnboundedDepths(problem);
  const NetworkTiming run = Time(depths, timing);
  unbounded_cycles_ = run.cycles;
  for (size_t channel = 0; channel < depths.size(); ++channel) {
    const compiler::ChannelCurves& curves = run.curves[channel];
    unbounded_peak_.push_back(
        std::max(PeakOccupancy(curves.claimed, curves.freed), problem.fifos[channel].least_depth));
  }
  if (problem.timing.pipelines.empty() || Completes(unbounded_peak_)) return;
  // The proof knows no pipelines: what they hold must fit the FIFOs.
  for (size_t channel = 0; channel < depths.size(); ++channel) {
    const bool pipelined = channel < problem.timing.pipelines.size();
    if (pipelined) unbounded_peak_[channel] += problem.timing.pipelines[channel].in_flight;
  }
}

void Judge::Set(const Depths& depths) {
  for (size_t channel = 0; channel < depths.size(); ++channel)
    network_.channels[channel].depth = depths[channel];
}

bool Judge::KeepsPace(const Depths& depths) {
  TimingOptions timing = problem_.timing;
  timing.most_cycles = unbounded_cycles_ * (1 + kRounding);
  if (!Time(depths, timing).completed) return false;
  // What is in flight in a pipeline is no proof (network_timing.h).
  return timing.pipelines.empty() || Completes(depths);
}

NetworkTiming Judge::Time(const Depths& depths) { return Time(depths, problem_.timing); }

NetworkTiming Judge::Time(const Depths& depths, const TimingOptions& timing) {
  Set(depths);
  NetworkTiming run = TimeNetwork(network_, timing);
  ++replays_;
  moved_ += run.moved;
  return run;
}

bool Judge::Completes(const Depths& depths) {
  Set(depths);
  return RunNetwork(network_).completed;
}

}  // namespace streamtensor::sizing
