// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network.h"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>

namespace streamtensor::compiler {
namespace {

using Operation = Network::Operation;
using Kind = Operation::Kind;

// Runs processes in turn, each until it must wait. Where the network comes back to an earlier state but for
// loops that have fewer iterations left and channels that have filled or emptied a little, it does the same
// again until a loop ends or a channel is nearly full or empty: all those rounds are made at once.
class Executor {
 public:
  explicit Executor(Network& network)
      : network_(network), channels_(network.channels.size()), processes_(network.processes.size()) {
    for (size_t p = 0; p < processes_.size(); ++p) {
      State& state = processes_[p];
      const std::vector<Operation>& program = network.processes[p].program;
      state.counters.resize(program.size());
      state.ended = program.empty();
      int32_t loop = -1;
      for (size_t i = 0; i < program.size(); ++i) {
        if (program[i].kind == Kind::kEnd) loop = state.counters[program[i].other].loop;
        state.counters[i].loop = loop;
        if (program[i].kind == Kind::kLoop) loop = static_cast<int32_t>(i);
      }
      runnable_.push_back(static_cast<int32_t>(p));
    }
  }

  void RunUntilBlocked() {
    // Depths may have changed since the last call.
    for (Past& past : pasts_) past.step = -1;
    while (!runnable_.empty()) {
      const int32_t process = runnable_.front();
      runnable_.pop_front();
      ++step_;
      Run(process);
      LookBack(process);
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
    int64_t read = 0, written = 0;  // so far, elements and slots
  };
  struct Counter {
    int64_t left = 0;   // iterations of a loop, elements still to move by an operation under way
    int64_t since = 0;  // the step that last set it anew
    int32_t loop = -1;  // index of the loop around it
  };
  struct State {
    size_t at = 0;
    bool ended = false;
    std::vector<Counter> counters;  // by operation
  };
  // The network after a step.
  struct Past {
    int64_t step = -1;     // -1: none
    int32_t process = -1;  // that ran last
    std::deque<int32_t> runnable;
    std::vector<ChannelState> channels;
    std::vector<size_t> at;     // by process
    std::vector<int64_t> left;  // of every counter that counts, as ForEachCounter goes
  };

  // Calls `body` for each counter that decides what a process does next: of its operation and of the loops
  // around that.
  template <typename Body>
  void ForEachCounter(Body body) {
    for (size_t p = 0; p < processes_.size(); ++p) {
      State& state = processes_[p];
      if (state.ended) continue;
      for (auto i = static_cast<int32_t>(state.at); i >= 0; i = state.counters[i].loop)
        body(state.counters[i]);
    }
  }

  void Keep(Past& past, int32_t process) {
    past.step = step_;
    past.process = process;
    past.runnable = runnable_;
    past.channels = channels_;
    past.at.clear();
    for (const State& state : processes_) past.at.push_back(state.at);
    past.left.clear();
    ForEachCounter([&](const Counter& counter) { past.left.push_back(counter.left); });
  }

  bool IsAt(const Past& past) const {
    if (runnable_ != past.runnable) return false;
    for (size_t c = 0; c < channels_.size(); ++c) {
      const ChannelState &now = channels_[c], &then = past.channels[c];
      if (now.holding != then.holding || now.waiting_reader != then.waiting_reader ||
          now.waiting_writer != then.waiting_writer) {
        return false;
      }
    }
    for (size_t p = 0; p < processes_.size(); ++p) {
      if (processes_[p].at != past.at[p]) return false;
    }
    return true;
  }

  // How often the steps since `past`, of which the network IsAt, can be made again exactly as they were.
  int64_t Repetitions(const Past& past) {
    int64_t times = std::numeric_limits<int64_t>::max();
    // A counter that was set anew since then must be where it was: then it counts down and is set anew in the
    // same places. Another one has moved on by some number and must not get to its end.
    size_t index = 0;
    ForEachCounter([&](const Counter& counter) {
      const int64_t moved = past.left[index++] - counter.left;
      if (moved == 0) return;
      times = std::min(times, counter.since > past.step ? 0 : (counter.left - 1) / moved);
    });
    // A channel that fills or empties must have enough for all reads and room for all writes of a round when
    // that begins. So nobody waited for it, and nobody will.
    for (size_t c = 0; c < channels_.size() && times > 0; ++c) {
      const ChannelState &now = channels_[c], &then = past.channels[c];
      const int64_t gained = now.filled - then.filled;
      if (gained == 0) continue;
      const int64_t elements = std::min(now.filled, then.filled) - (now.read - then.read);
      const int64_t room = network_.channels[c].depth - now.holding - std::max(now.filled, then.filled) -
                           (now.written - then.written);
      if (elements < 0 || room < 0) return 0;
      times = std::min(times, gained > 0 ? room / gained : elements / -gained);
    }
    return times;
  }

  void Repeat(const Past& past, int64_t times) {
    size_t index = 0;
    ForEachCounter([&](Counter& counter) { counter.left -= times * (past.left[index++] - counter.left); });
    for (size_t c = 0; c < channels_.size(); ++c) {
      ChannelState& now = channels_[c];
      const ChannelState& then = past.channels[c];
      now.filled += times * (now.filled - then.filled);
      now.read += times * (now.read - then.read);
      now.written += times * (now.written - then.written);
    }
  }

  // Keeps states that are at most 2^5, 2^6, .. steps old: a round of up to 2^14 steps is found after a few of
  // them.
  void LookBack(int32_t process) {
    for (size_t i = 0; i < pasts_.size(); ++i) {
      Past& past = pasts_[i];
      if (past.step >= 0 && past.process == process && past.at[process] == processes_[process].at &&
          IsAt(past)) {
        const int64_t times = Repetitions(past);
        if (times > 0 && times < std::numeric_limits<int64_t>::max()) {
          Repeat(past, times);
          Keep(past, process);
          return;
        }
      }
      if (past.step < 0 || step_ - past.step >= int64_t{32} << i) Keep(past, process);
    }
  }

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

  void Begin(Counter& counter, const Operation& operation) const {
    counter.left = operation.count;
    counter.since = step_;
  }

  void Run(int32_t process) {
    State& state = processes_[process];
    const std::vector<Operation>& program = network_.processes[process].program;
    while (state.at < program.size()) {
      const Operation& operation = program[state.at];
      if (operation.kind == Kind::kLoop) {
        Begin(state.counters[state.at], operation);
        state.at = operation.count > 0 ? state.at + 1 : static_cast<size_t>(operation.other) + 1;
        continue;
      }
      if (operation.kind == Kind::kEnd) {
        const auto loop = static_cast<size_t>(operation.other);
        state.at = --state.counters[loop].left > 0 ? loop + 1 : state.at + 1;
        continue;
      }
      if (operation.kind == Kind::kCompute) {
        ++state.at;
        continue;
      }
      ChannelState& channel = channels_[operation.channel];
      Counter& counter = state.counters[state.at];
      switch (operation.kind) {
        case Kind::kRead:
          if (counter.left == 0) Begin(counter, operation);
          while (counter.left > 0) {
            if (channel.filled == 0) {
              channel.waiting_reader = process;
              return;
            }
            const int64_t moved = std::min(channel.filled, counter.left);
            channel.filled -= moved;
            channel.read += moved;
            counter.left -= moved;
            Wake(channel.waiting_writer);
          }
          break;
        case Kind::kWrite:
          if (counter.left == 0) Begin(counter, operation);
          while (counter.left > 0) {
            if (Space(operation.channel) <= 0) {
              channel.waiting_writer = process;
              return;
            }
            const int64_t moved = std::min(Space(operation.channel), counter.left);
            channel.filled += moved;
            channel.written += moved;
            counter.left -= moved;
            Wake(channel.waiting_reader);
          }
          break;
        case Kind::kTake:
          if (channel.filled == 0) {
            channel.waiting_reader = process;
            return;
          }
          --channel.filled;
          ++channel.holding;
          ++channel.read;
          break;
        case Kind::kOpen:
          if (Space(operation.channel) <= 0) {
            channel.waiting_writer = process;
            return;
          }
          ++channel.holding;
          ++channel.written;
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
  int64_t step_ = 0;  // runs of a process so far
  std::array<Past, 10> pasts_;
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
