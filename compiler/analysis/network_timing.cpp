// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network_timing.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace streamtensor::compiler {
namespace {

using Operation = Network::Operation;
using Kind = Operation::Kind;

// A hash with the statistics of a generator (S. Vigna, splitmix64).
uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

// The times of the elements in a channel's slots. A slot opened or taken is counted from that moment.
class ChannelClock {
 public:
  ChannelClock(int64_t depth, const WriterPipeline& pipeline)
      : pipeline(pipeline), written_(depth), freed_(depth), entered_(pipeline.in_flight) {}

  bool HasElement() const { return read_ < published_; }
  bool HasSpace() const { return written_count_ - released_ < static_cast<int64_t>(written_.size()); }

  // When the next slot to fill became free, the next element readable.
  double FreeAt() const { return freed_[Slot(written_count_)]; }
  double ReadableAt() const { return written_[Slot(read_)]; }

  void Open() { ++written_count_; }
  void Publish(double readable) { written_[Slot(published_++)] = readable; }
  void Take() { ++read_; }
  void Release(double free) { freed_[Slot(released_++)] = free; }

  // Of a pipelined writer.
  bool HasRoomInFlight() const { return static_cast<int64_t>(in_flight_.size()) < pipeline.in_flight; }
  double RoomInFlightAt() const { return entered_[Turn(written_count_ + InFlight())]; }
  void Launch(double ready) { in_flight_.push_back(ready); }
  // Lets one in, if there is one and a slot for it. Negative: not.
  double Enter() {
    if (in_flight_.empty() || !HasSpace()) return -1;
    const double at = std::max({in_flight_.front(), FreeAt(), last_entered_});
    in_flight_.pop_front();
    last_entered_ = at;
    entered_[Turn(written_count_)] = at;
    Open();
    return at;
  }

  const WriterPipeline pipeline;
  int32_t waiting_reader = -1, waiting_writer = -1;

 private:
  size_t Slot(int64_t element) const { return static_cast<size_t>(element) % written_.size(); }
  size_t Turn(int64_t element) const { return static_cast<size_t>(element) % entered_.size(); }
  int64_t InFlight() const { return static_cast<int64_t>(in_flight_.size()); }

  std::vector<double> written_, freed_;  // by slot
  int64_t written_count_ = 0, published_ = 0, read_ = 0, released_ = 0;
  std::deque<double> in_flight_;  // when each could enter
  std::vector<double> entered_;   // by element modulo what may be in flight
  double last_entered_ = 0;
};

class Timer {
 public:
  Timer(const Network& network, const TimingOptions& options) : network_(network), options_(options) {
    for (size_t channel = 0; channel < network.channels.size(); ++channel) {
      clocks_.emplace_back(network.channels[channel].depth, channel < options.pipelines.size()
                                                                ? options.pipelines[channel]
                                                                : WriterPipeline());
    }
    states_.resize(network.processes.size());
    timing_.channels.resize(network.channels.size());
    timing_.processes.resize(network.processes.size());
    if (options.record) timing_.curves.resize(network.channels.size());
    for (size_t p = 0; p < states_.size(); ++p) {
      State& state = states_[p];
      state.counts.resize(network.processes[p].program.size());
      if (p < options.pauses.size() && options.pauses[p].interval_cycles > 0)
        state.pauses = &options.pauses[p];
      if (p < options.jitter.size() && options.jitter[p].chance > 0) state.jitter = &options.jitter[p];
      runnable_.push_back(static_cast<int32_t>(p));
    }
  }

  NetworkTiming Run() {
    while (!runnable_.empty() && !too_long_) {
      const int32_t process = runnable_.front();
      runnable_.pop_front();
      RunProcess(process);
    }
    timing_.completed = !too_long_;
    for (size_t p = 0; p < states_.size(); ++p) {
      timing_.completed &= states_[p].at == network_.processes[p].program.size();
      timing_.processes[p].ended = states_[p].now;
      timing_.cycles = std::max(timing_.cycles, states_[p].now);
    }
    return std::move(timing_);
  }

 private:
  struct State {
    size_t at = 0;
    double now = 0;
    uint64_t done = 0;               // operations
    const Pauses* pauses = nullptr;  // null: none
    const Jitter* jitter = nullptr;  // null: none
    std::vector<int64_t> counts;     // by operation: iterations left of a loop, elements that have moved
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
    while (state.at < program.size() && !too_long_) {
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
    State& state = states_[process];
    if (state.jitter != nullptr) cycles += JitterOf(process, state.done++, *state.jitter);
    timing_.processes[process].computed += cycles;
    state.now = state.pauses ? AfterWork(state.now, cycles, *state.pauses) : state.now + cycles;
    too_long_ |= state.now > options_.most_cycles;
  }

  static double JitterOf(int32_t process, uint64_t operation, const Jitter& jitter) {
    constexpr double kUnit = 0x1p-53;
    const uint64_t drawn = Mix(jitter.seed ^ Mix((static_cast<uint64_t>(process) << 40) ^ operation));
    if (static_cast<double>(drawn >> 11) * kUnit >= jitter.chance) return 0;
    return static_cast<double>(Mix(drawn) >> 11) * kUnit * jitter.cycles;
  }

  // When `cycles` of work that begin at `now` are done.
  static double AfterWork(double now, double cycles, const Pauses& pauses) {
    const double working = pauses.interval_cycles - pauses.length_cycles;
    double into = std::fmod(now - pauses.first_cycle, pauses.interval_cycles);  // of the current interval
    if (into < 0) into += pauses.interval_cycles;
    if (into < pauses.length_cycles) {
      now += pauses.length_cycles - into;
      into = pauses.length_cycles;
    }
    const double ahead = into - pauses.length_cycles + cycles;  // work from the end of this interval's pause
    return now + cycles + std::max(0.0, std::ceil(ahead / working) - 1) * pauses.length_cycles;
  }

  void Record(std::vector<double> ChannelCurves::* curve, int32_t channel, double at) {
    if (options_.record) (timing_.curves[channel].*curve).push_back(at);
  }
  void Publish(int32_t channel, double at) {
    clocks_[channel].Publish(at + options_.handover_cycles);
    Record(&ChannelCurves::readable, channel, at + options_.handover_cycles);
    Wake(clocks_[channel].waiting_reader);
  }
  void Take(int32_t channel, double at) {
    clocks_[channel].Take();
    Record(&ChannelCurves::taken, channel, at);
    ++timing_.moved;
  }
  void Release(int32_t channel, double at) {
    clocks_[channel].Release(at);
    Record(&ChannelCurves::freed, channel, at);
    Drain(channel);
    Wake(clocks_[channel].waiting_writer);
  }
  void Open(int32_t channel, double at) {
    clocks_[channel].Open();
    Record(&ChannelCurves::claimed, channel, at);
  }
  // What is in flight enters the FIFO as far as there are slots.
  void Drain(int32_t channel) {
    for (double at = clocks_[channel].Enter(); at >= 0; at = clocks_[channel].Enter()) {
      Record(&ChannelCurves::claimed, channel, at);
      Publish(channel, at);
      Wake(clocks_[channel].waiting_writer);
    }
  }

  // False: the process must wait.
  bool RunOnChannel(const Operation& operation, int32_t process) {
    State& state = states_[process];
    const int32_t channel = operation.channel;
    ChannelClock& clock = clocks_[channel];
    ChannelTiming& waits = timing_.channels[channel];
    int64_t& done = state.counts[state.at];
    switch (operation.kind) {
      case Kind::kRead:
        for (; done < operation.count && !too_long_; ++done) {
          if (!clock.HasElement()) {
            clock.waiting_reader = process;
            return false;
          }
          WaitUntil(clock.ReadableAt(), state, waits.reader_waited);
          Take(channel, state.now);
          Spend(operation.cycles, process);
          Release(channel, state.now);
        }
        done = 0;
        break;
      case Kind::kWrite:
        for (; done < operation.count && !too_long_; ++done) {
          if (!Write(operation, process)) return false;
        }
        done = 0;
        break;
      case Kind::kTake:
        if (!clock.HasElement()) {
          clock.waiting_reader = process;
          return false;
        }
        WaitUntil(clock.ReadableAt(), state, waits.reader_waited);
        Take(channel, state.now);
        break;
      case Kind::kOpen:
        if (!clock.HasSpace()) {
          clock.waiting_writer = process;
          return false;
        }
        WaitUntil(clock.FreeAt(), state, waits.writer_waited);
        Open(channel, state.now);
        break;
      case Kind::kPublish:
        Publish(channel, state.now);
        break;
      case Kind::kRelease:
        Release(channel, state.now);
        break;
      case Kind::kCompute:
      case Kind::kLoop:
      case Kind::kEnd:
        break;
    }
    return true;
  }

  // One element. False: the process must wait.
  bool Write(const Operation& operation, int32_t process) {
    State& state = states_[process];
    ChannelClock& clock = clocks_[operation.channel];
    double& waited = timing_.channels[operation.channel].writer_waited;
    const bool pipelined = clock.pipeline.in_flight > 0;
    if (!(pipelined ? clock.HasRoomInFlight() : clock.HasSpace())) {
      clock.waiting_writer = process;
      return false;
    }
    if (pipelined) {
      WaitUntil(clock.RoomInFlightAt(), state, waited);
      clock.Launch(state.now + clock.pipeline.latency_cycles);
      Spend(operation.cycles, process);
      Drain(operation.channel);
    } else {
      WaitUntil(clock.FreeAt(), state, waited);
      Open(operation.channel, state.now);
      Spend(operation.cycles, process);
      Publish(operation.channel, state.now);
    }
    return true;
  }

  const Network& network_;
  const TimingOptions& options_;
  std::vector<ChannelClock> clocks_;
  std::vector<State> states_;
  std::deque<int32_t> runnable_;
  bool too_long_ = false;
  NetworkTiming timing_;
};

}  // namespace

NetworkTiming TimeNetwork(const Network& network, const TimingOptions& options) {
  return Timer(network, options).Run();
}

}  // namespace streamtensor::compiler
