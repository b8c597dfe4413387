// SPDX-License-Identifier: Apache-2.0
// A process network for one step shape, run without values: processes are sequences of
// blocking stream operations, channels are bounded. Because such a network is determinate (Kahn, "The
// semantics of a simple language for parallel programming", 1974), one run decides for every timing
// whether the step completes. What operations cost is only for network_timing.h. Free of MLIR.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace streamtensor::compiler {

struct Network {
  struct Channel {
    std::string name;
    int64_t depth = 1;  // elements, at least 1
    int32_t source = -1, sink = -1;
  };

  // A program is a list of these; a loop runs what stands between it and its end.
  struct Operation {
    enum class Kind : uint8_t {
      kRead,     // takes `count` elements, one by one
      kWrite,    // gives `count` elements, one by one
      kOpen,     // writer: waits for a free slot, keeps it
      kPublish,  // writer: its slot becomes an element
      kTake,     // reader: waits for an element, keeps it
      kRelease,  // reader: frees the slot
      kCompute,  // touches no channel
      kLoop,     // count times; skipped when 0
      kEnd,
    };
    Kind kind;
    int32_t channel = -1;  // all but kCompute, kLoop, kEnd
    int64_t count = 0;     // kRead, kWrite, kLoop
    int32_t other = 0;     // kLoop: index of its kEnd; kEnd: index of its kLoop
    double cycles = 0;     // kRead, kWrite: of each element; kCompute: in all
  };

  struct Process {
    std::string name;
    std::vector<Operation> program;
  };

  std::vector<Channel> channels;
  std::vector<Process> processes;
};

// Builds one process's program.
class ProgramBuilder {
 public:
  explicit ProgramBuilder(Network::Process& process) : program_(process.program) {}

  // `cycles`: from one element to the next where nothing waits. 0 where a pipelined loop does more than one
  // thing an iteration, for all but one of them.
  void Read(int32_t channel, int64_t times = 1, double cycles = 1) {
    program_.push_back({Network::Operation::Kind::kRead, channel, times, 0, cycles});
  }
  void Write(int32_t channel, int64_t times = 1, double cycles = 1) {
    program_.push_back({Network::Operation::Kind::kWrite, channel, times, 0, cycles});
  }
  void Compute(double cycles) {
    if (cycles > 0) program_.push_back({Network::Operation::Kind::kCompute, -1, 0, 0, cycles});
  }
  // Of a slot: open, publish, take, release.
  void Add(Network::Operation::Kind kind, int32_t channel) { program_.push_back({kind, channel}); }
  void Loop(int64_t count, const std::function<void()>& body);

 private:
  std::vector<Network::Operation>& program_;
};

// A blocked process and what it waits for.
struct Wait {
  int32_t process = -1;
  int32_t channel = -1;
  bool full = false;  // else empty
};

struct NetworkRun {
  bool completed = false;  // all processes have ended and no channel holds anything
  // Otherwise: the cycle of waits, from its first process; empty when somebody waits for a process that
  // ended, and when something is left.
  std::vector<Wait> cycle;
  int32_t left_in = -1;  // a channel that holds elements after the end of all processes
};

// Runs the network until every process has ended or none can go on. `grow`, if given, is asked at each
// deadlock and may deepen channels in place; the run goes on while it returns true. (A deeper channel admits
// every run that a shallower one does, so that the outcome is that of the network with the final depths.)
NetworkRun RunNetwork(Network& network,
                      const std::function<bool(Network&, const std::vector<Wait>&)>& grow = {});

// Why a run did not complete. A cycle: "a -> waits for full FIFO 'x' (depth 2) -> b -> waits for empty FIFO
// 'y' (depth 1) -> a", as the card's own deadlock report says it.
std::string DescribeFailure(const Network& network, const NetworkRun& run);

}  // namespace streamtensor::compiler
