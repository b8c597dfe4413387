// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/own_schedules.h"

#include <algorithm>

namespace streamtensor::sizing {
namespace {

using compiler::Network;
using compiler::NetworkTiming;
using Kind = Network::Operation::Kind;

// Numbers the strongly connected components (R. Tarjan, "Depth-first search and linear graph algorithms",
// 1972), without recursion.
class Cycles {
 public:
  explicit Cycles(const Network& network) : successors_(network.processes.size()) {
    for (const Network::Channel& channel : network.channels)
      successors_[channel.source].push_back(channel.sink);
    const size_t size = network.processes.size();
    index_.assign(size, -1);
    low_.assign(size, 0);
    number_.assign(size, -1);
    for (size_t p = 0; p < size; ++p) {
      if (index_[p] < 0) Visit(static_cast<int32_t>(p));
    }
  }

  std::vector<int32_t> TakeNumbers() { return std::move(number_); }

 private:
  struct Frame {
    int32_t process;
    size_t next;  // successor
  };

  void Visit(int32_t root) {
    std::vector<Frame> frames = {{root, 0}};
    Enter(root);
    while (!frames.empty()) {
      const int32_t process = frames.back().process;
      if (frames.back().next < successors_[process].size()) {
        const int32_t next = successors_[process][frames.back().next++];
        if (index_[next] < 0) {
          Enter(next);
          frames.push_back({next, 0});
        } else if (number_[next] < 0) {
          low_[process] = std::min(low_[process], index_[next]);
        }
        continue;
      }
      frames.pop_back();
      if (!frames.empty()) low_[frames.back().process] = std::min(low_[frames.back().process], low_[process]);
      if (low_[process] == index_[process]) Close(process);
    }
  }

  void Enter(int32_t process) {
    index_[process] = low_[process] = visited_++;
    open_.push_back(process);
  }

  void Close(int32_t process) {
    int32_t member = -1;
    do {
      member = open_.back();
      open_.pop_back();
      number_[member] = numbers_;
    } while (member != process);
    ++numbers_;
  }

  std::vector<std::vector<int32_t>> successors_;
  std::vector<int32_t> index_, low_, number_, open_;
  int32_t visited_ = 0, numbers_ = 0;
};

// The problem with every channel between two cycles cut: its reader finds all elements there.
struct CutNetwork {
  Network network;
  compiler::TimingOptions timing;
  std::vector<int32_t> read_side;  // by channel of the problem
};

CutNetwork Cut(const Problem& problem, const std::vector<int32_t>& cycle) {
  CutNetwork cut{problem.network, problem.timing, {}};
  cut.timing.jitter.clear();
  cut.timing.pauses.clear();
  cut.timing.record = true;
  Network& network = cut.network;
  const Depths unbounded = UnboundedDepths(problem);
  const std::vector<int64_t> counts = CountElements(problem.network);
  const size_t channels = problem.network.channels.size();
  for (size_t channel = 0; channel < channels; ++channel) {
    const int32_t source = network.channels[channel].source, sink = network.channels[channel].sink;
    network.channels[channel].depth = std::max<int64_t>(counts[channel], 1);
    if (cycle[source] == cycle[sink]) {
      network.channels[channel].depth = unbounded[channel];
      cut.read_side.push_back(static_cast<int32_t>(channel));
      continue;
    }
    const auto copy = static_cast<int32_t>(network.channels.size());
    const auto feeder = static_cast<int32_t>(network.processes.size());
    cut.read_side.push_back(copy);
    network.channels.push_back({"", std::max<int64_t>(counts[channel], 1), feeder, sink});
    network.processes.push_back({});
    compiler::ProgramBuilder(network.processes.back()).Write(copy, counts[channel], 0);
  }
  for (size_t p = 0; p < problem.network.processes.size(); ++p) {
    for (Network::Operation& operation : network.processes[p].program) {
      const bool reads =
          operation.kind == Kind::kRead || operation.kind == Kind::kTake || operation.kind == Kind::kRelease;
      if (reads) operation.channel = cut.read_side[operation.channel];
    }
  }
  return cut;
}

TokenStream StreamOf(const std::vector<double>& times) {
  TokenStream stream;
  stream.tokens = static_cast<int64_t>(times.size());
  if (times.empty()) return stream;
  stream.first = times.front();
  if (times.size() > 1) stream.ii = (times.back() - times.front()) / static_cast<double>(times.size() - 1);
  return stream;
}

}  // namespace

OwnSchedules FindOwnSchedules(const Problem& problem) {
  OwnSchedules own;
  own.cycle = Cycles(problem.network).TakeNumbers();
  const CutNetwork cut = Cut(problem, own.cycle);
  NetworkTiming run = TimeNetwork(cut.network, cut.timing);
  const size_t processes = problem.network.processes.size();
  own.processes.resize(processes);
  for (size_t p = 0; p < processes; ++p) own.processes[p].latency = run.processes[p].ended;
  std::vector<bool> writes(processes, false);
  for (size_t channel = 0; channel < problem.network.channels.size(); ++channel) {
    compiler::ChannelCurves& written = run.curves[channel];
    compiler::ChannelCurves& read = run.curves[cut.read_side[channel]];
    compiler::ChannelCurves curves{std::move(written.claimed), std::move(written.readable),
                                   std::move(read.taken), std::move(read.freed)};
    own.writes.push_back(StreamOf(curves.readable));
    own.reads.push_back(StreamOf(curves.taken));
    const int32_t source = problem.network.channels[channel].source;
    if (!curves.readable.empty()) {
      TokenModel& model = own.processes[source];
      const double first = curves.readable.front();
      model.initial_delay = writes[source] ? std::min(model.initial_delay, first) : first;
      writes[source] = true;
    }
    own.curves.push_back(std::move(curves));
  }
  return own;
}

}  // namespace streamtensor::sizing
