// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network_timing.h"

#include <algorithm>
#include <deque>

namespace streamtensor::compiler {
namespace {

using Operation = Network::Operation;
using Kind = Operation::Kind;

// The times of the elements in a channel's slots. A slot opened or taken is counted from that moment.
class ChannelClock {
 public:
  explicit ChannelClock(int64_t depth) : written_(depth), freed_(depth) {}

  bool HasElement() const { return read_ < published_; }
  bool HasSpace() const { return written_count_ - released_ < static_cast<int64_t>(written_.size()); }

  // When the next slot to fill became free, the next element readable.
  double FreeAt() const { return freed_[Slot(written_count_)]; }
  double ReadableAt() const { return written_[Slot(read_)]; }

  void Open() { ++written_count_; }
  void Publish(double readable) { written_[Slot(published_++)] = readable; }
  void Take() { ++read_; }
  void Release(double free) { freed_[Slot(released_++)] = free; }

  int32_t waiting_reader = -1, waiting_writer = -1;

 private:
  size_t Slot(int64_t element) const { return static_cast<size_t>(element) % written_.size(); }

  std::vector<double> written_, freed_;  // by slot
  int64_t written_count_ = 0, published_ = 0, read_ = 0, released_ = 0;
};

class Timer {
 public:
  Timer(const Network& network, double handover) : network_(network), handover_(handover) {
    for (const Network::Channel& channel : network.channels) clocks_.emplace_back(channel.depth);
    states_.resize(network.processes.size());
    timing_.channels.resize(network.channels.size());
    timing_.processes.resize(network.processes.size());
    for (size_t p = 0; p < states_.size(); ++p) {
      states_[p].counts.resize(network.processes[p].program.size());
      runnable_.push_back(static_cast<int32_t>(p));
    }
  }

  NetworkTiming Run() {
    while (!runnable_.empty()) {
      const int32_t process = runnable_.front();
      runnable_.pop_front();
      RunProcess(process);
    }
    for (size_t p = 0; p < states_.size(); ++p) {
      timing_.processes[p].ended = states_[p].now;
      timing_.cycles = std::max(timing_.cycles, states_[p].now);
    }
    return std::move(timing_);
  }

 private:
  struct State {
    size_t at = 0;
    double now = 0;
    std::vector<int64_t> counts;  // by operation: iterations left of a loop, elements that have moved
  };

  void Wake(int32_t& waiting) {
    if (waiting < 0) return;
    runnable_.push_back(waiting);
    waiting = -1;
  }

  static void WaitUntil(double when, State& state, double& waited) {
    if (when <= state.now) return;
    waited += when - state.now;
    state.now = when;
  }

  void RunProcess(int32_t process) {
    State& state = states_[process];
    const std::vector<Operation>& program = network_.processes[process].program;
    while (state.at < program.size()) {
      const Operation& operation = program[state.at];
      switch (operation.kind) {
        case Kind::kLoop:
          state.counts[state.at] = operation.count;
          state.at = operation.count > 0 ? state.at + 1 : static_cast<size_t>(operation.other) + 1;
          continue;
        case Kind::kEnd: {
          const auto loop = static_cast<size_t>(operation.other);
          state.at = --state.counts[loop] > 0 ? loop + 1 : state.at + 1;
          continue;
        }
        case Kind::kCompute:
          Spend(operation.cycles, process);
          break;
        default:
          if (!RunOnChannel(operation, process)) return;
          break;
      }
      ++state.at;
    }
  }

  void Spend(double cycles, int32_t process) {
    states_[process].now += cycles;
    timing_.processes[process].computed += cycles;
  }

  // False: the process must wait.
  bool RunOnChannel(const Operation& operation, int32_t process) {
    State& state = states_[process];
    ChannelClock& clock = clocks_[operation.channel];
    ChannelTiming& waits = timing_.channels[operation.channel];
    int64_t& done = state.counts[state.at];
    switch (operation.kind) {
      case Kind::kRead:
        for (; done < operation.count; ++done) {
          if (!clock.HasElement()) {
            clock.waiting_reader = process;
            return false;
          }
          WaitUntil(clock.ReadableAt(), state, waits.reader_waited);
          clock.Take();
          Spend(operation.cycles, process);
          clock.Release(state.now);
          Wake(clock.waiting_writer);
        }
        done = 0;
        break;
      case Kind::kWrite:
        for (; done < operation.count; ++done) {
          if (!clock.HasSpace()) {
            clock.waiting_writer = process;
            return false;
          }
          WaitUntil(clock.FreeAt(), state, waits.writer_waited);
          clock.Open();
          Spend(operation.cycles, process);
          clock.Publish(state.now + handover_);
          Wake(clock.waiting_reader);
        }
        done = 0;
        break;
      case Kind::kTake:
        if (!clock.HasElement()) {
          clock.waiting_reader = process;
          return false;
        }
        WaitUntil(clock.ReadableAt(), state, waits.reader_waited);
        clock.Take();
        break;
      case Kind::kOpen:
        if (!clock.HasSpace()) {
          clock.waiting_writer = process;
          return false;
        }
        WaitUntil(clock.FreeAt(), state, waits.writer_waited);
        clock.Open();
        break;
      case Kind::kPublish:
        clock.Publish(state.now + handover_);
        Wake(clock.waiting_reader);
        break;
      case Kind::kRelease:
        clock.Release(state.now);
        Wake(clock.waiting_writer);
        break;
      case Kind::kCompute:
      case Kind::kLoop:
      case Kind::kEnd:
        break;
    }
    return true;
  }

  const Network& network_;
  const double handover_;
  std::vector<ChannelClock> clocks_;
  std::vector<State> states_;
  std::deque<int32_t> runnable_;
  NetworkTiming timing_;
};

}  // namespace

NetworkTiming TimeNetwork(const Network& network, double handover_cycles) {
  return Timer(network, handover_cycles).Run();
}

}  // namespace streamtensor::compiler
