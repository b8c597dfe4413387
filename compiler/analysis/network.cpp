// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network.h"

#include <algorithm>
#include <deque>

namespace streamtensor::compiler {
namespace {

using Operation = Network::Operation;
using Kind = Operation::Kind;

class Executor {
 public:
  explicit Executor(Network& network)
      : network_(network), channels_(network.channels.size()), processes_(network.processes.size()) {
    for (size_t p = 0; p < processes_.size(); ++p) {
      processes_[p].counts.resize(network.processes[p].program.size());
      runnable_.push_back(static_cast<int32_t>(p));
    }
  }

  void RunUntilBlocked() {
    while (!runnable_.empty()) {
      const int32_t process = runnable_.front();
      runnable_.pop_front();
      Run(process);
    }
  }

  bool AllEnded() const {
    return std::all_of(processes_.begin(), processes_.end(), [](const State& state) { return state.ended; });
  }

  // After the channel has been deepened.
  void WakeWriter(int32_t channel) {
    if (Space(channel) > 0) Wake(channels_[channel].waiting_writer);
  }

  std::vector<Wait> FindCycle() const {
    std::vector<int32_t> seen_from(processes_.size(), -1);
    for (int32_t start = 0; start < static_cast<int32_t>(processes_.size()); ++start) {
      int32_t at = start;
      while (at >= 0 && !processes_[at].ended && seen_from[at] < 0) {
        seen_from[at] = start;
        at = WaitsFor(at);
      }
      if (at < 0 || processes_[at].ended || seen_from[at] != start) continue;
      int32_t first = at;
      for (int32_t p = WaitsFor(at); p != at; p = WaitsFor(p)) first = std::min(first, p);
      std::vector<Wait> cycle;
      int32_t p = first;
      do {
        cycle.push_back(WaitOf(p));
        p = WaitsFor(p);
      } while (p != first);
      return cycle;
    }
    return {};
  }

  // -1: none.
  int32_t ChannelWithElements() const {
    for (size_t channel = 0; channel < channels_.size(); ++channel) {
      if (channels_[channel].filled > 0) return static_cast<int32_t>(channel);
    }
    return -1;
  }

 private:
  struct ChannelState {
    int64_t filled = 0;   // elements a reader may take
    int64_t holding = 0;  // slots opened by the writer or kept by the reader
    int32_t waiting_reader = -1, waiting_writer = -1;
  };
  struct State {
    size_t at = 0;
    bool ended = false;
    std::vector<int64_t> counts;  // by operation: iterations left of a loop, elements that have moved
  };

  int64_t Space(int32_t channel) const {
    return network_.channels[channel].depth - channels_[channel].filled - channels_[channel].holding;
  }

  void Wake(int32_t& waiting) {
    if (waiting < 0) return;
    runnable_.push_back(waiting);
    waiting = -1;
  }

  Wait WaitOf(int32_t process) const {
    const Operation& operation = network_.processes[process].program[processes_[process].at];
    return {process, operation.channel, operation.kind == Kind::kWrite || operation.kind == Kind::kOpen};
  }

  int32_t WaitsFor(int32_t process) const {
    const Wait wait = WaitOf(process);
    const Network::Channel& channel = network_.channels[wait.channel];
    return wait.full ? channel.sink : channel.source;
  }

  void Run(int32_t process) {
    State& state = processes_[process];
    const std::vector<Operation>& program = network_.processes[process].program;
    while (state.at < program.size()) {
      const Operation& operation = program[state.at];
      if (operation.kind == Kind::kLoop) {
        state.counts[state.at] = operation.count;
        state.at = operation.count > 0 ? state.at + 1 : static_cast<size_t>(operation.other) + 1;
        continue;
      }
      if (operation.kind == Kind::kEnd) {
        const auto loop = static_cast<size_t>(operation.other);
        state.at = --state.counts[loop] > 0 ? loop + 1 : state.at + 1;
        continue;
      }
      if (operation.kind == Kind::kCompute) {
        ++state.at;
        continue;
      }
      ChannelState& channel = channels_[operation.channel];
      int64_t& done = state.counts[state.at];
      switch (operation.kind) {
        case Kind::kRead:
          while (done < operation.count) {
            if (channel.filled == 0) {
              channel.waiting_reader = process;
              return;
            }
            const int64_t moved = std::min(channel.filled, operation.count - done);
            channel.filled -= moved;
            done += moved;
            Wake(channel.waiting_writer);
          }
          done = 0;
          break;
        case Kind::kWrite:
          while (done < operation.count) {
            if (Space(operation.channel) <= 0) {
              channel.waiting_writer = process;
              return;
            }
            const int64_t moved = std::min(Space(operation.channel), operation.count - done);
            channel.filled += moved;
            done += moved;
            Wake(channel.waiting_reader);
          }
          done = 0;
          break;
        case Kind::kTake:
          if (channel.filled == 0) {
            channel.waiting_reader = process;
            return;
          }
          --channel.filled;
          ++channel.holding;
          break;
        case Kind::kOpen:
          if (Space(operation.channel) <= 0) {
            channel.waiting_writer = process;
            return;
          }
          ++channel.holding;
          break;
        case Kind::kPublish:
          --channel.holding;
          ++channel.filled;
          Wake(channel.waiting_reader);
          break;
        case Kind::kRelease:
          --channel.holding;
          Wake(channel.waiting_writer);
          break;
        case Kind::kCompute:
        case Kind::kLoop:
        case Kind::kEnd:
          break;
      }
      ++state.at;
    }
    state.ended = true;
  }

  Network& network_;
  std::vector<ChannelState> channels_;
  std::vector<State> processes_;
  std::deque<int32_t> runnable_;
};

}  // namespace

void ProgramBuilder::Loop(int64_t count, const std::function<void()>& body) {
  const auto loop = static_cast<int32_t>(program_.size());
  program_.push_back({Kind::kLoop, -1, count});
  body();
  const auto end = static_cast<int32_t>(program_.size());
  program_.push_back({Kind::kEnd, -1, 0, loop});
  program_[loop].other = end;
}

NetworkRun RunNetwork(Network& network, const std::function<bool(Network&, const std::vector<Wait>&)>& grow) {
  Executor executor(network);
  NetworkRun run;
  while (true) {
    executor.RunUntilBlocked();
    if (executor.AllEnded()) {
      run.left_in = executor.ChannelWithElements();
      run.completed = run.left_in < 0;
      return run;
    }
    run.cycle = executor.FindCycle();
    if (!grow || run.cycle.empty() || !grow(network, run.cycle)) return run;
    for (const Wait& wait : run.cycle) {
      if (wait.full) executor.WakeWriter(wait.channel);
    }
    run.cycle.clear();
  }
}

std::string DescribeFailure(const Network& network, const NetworkRun& run) {
  if (run.left_in >= 0) return "FIFO '" + network.channels[run.left_in].name + "' holds elements at the end";
  if (run.cycle.empty()) return "a process waits for one that has ended";
  std::string text;
  for (const Wait& wait : run.cycle) {
    const Network::Channel& channel = network.channels[wait.channel];
    text += network.processes[wait.process].name + " -> waits for " + (wait.full ? "full" : "empty") +
            " FIFO '" + channel.name + "' (depth " + std::to_string(channel.depth) + ") -> ";
  }
  return text + network.processes[run.cycle[0].process].name;
}

}  // namespace streamtensor::compiler
