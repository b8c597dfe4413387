// SPDX-License-Identifier: Apache-2.0
// A process network whose FIFOs get depths, and the judge of depths: a replay with time.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "compiler/analysis/network.h"
#include "compiler/analysis/network_timing.h"

namespace streamtensor::sizing {

// What an element of a FIFO is: `words` of `bits`. With several words it is a packet, written and read in
// place (a block of hls::stream_of_blocks).
struct Fifo {
  int64_t bits = 0;
  int64_t words = 1;
  int64_t least_depth = 1;
  int64_t most_depth = std::numeric_limits<int64_t>::max();  // also where FIFOs are said to be unbounded
};

struct Problem {
  std::string name;
  std::string source;         // where the graph comes from
  compiler::Network network;  // the depths in it don't count
  std::vector<Fifo> fifos;    // by channel
  compiler::TimingOptions timing;
  std::vector<int32_t> memory_processes;  // those that read or write the card's memory, which refreshes
};

using Depths = std::vector<int64_t>;  // by channel

// Elements that each channel moves in a run.
std::vector<int64_t> CountElements(const compiler::Network& network);

// Depths at which no writer ever waits: as many elements as pass, or the most that a FIFO may have.
Depths UnboundedDepths(const Problem& problem);

// The most elements that are in a FIFO at once, where the n-th occupies a slot from claimed[n] until
// freed[n]: with this depth nobody waits for a slot. Both ascend, and are equally long. At least 1.
int64_t PeakOccupancy(const std::vector<double>& claimed, const std::vector<double>& freed);

// Replays a problem at given depths. Not thread-safe.
class Judge {
 public:
  // Runs the network at unbounded depths. The problem must outlive the judge and complete at them.
  explicit Judge(const Problem& problem);

  // Of a run in which no FIFO is ever full: what no depths can undercut.
  double unbounded_cycles() const { return unbounded_cycles_; }
  // What each FIFO holds at most in that run.
  const Depths& unbounded_peak() const { return unbounded_peak_; }

  // Whether the network completes, for any timing, and takes no longer than that at `depths`.
  bool KeepsPace(const Depths& depths);
  // The whole timing, whatever it is. `completed` is false at a deadlock.
  compiler::NetworkTiming Time(const Depths& depths);
  compiler::NetworkTiming Time(const Depths& depths, const compiler::TimingOptions& timing);
  // Whether it completes at all (RunNetwork): then it does so for any timing.
  bool Completes(const Depths& depths);

  int64_t replays() const { return replays_; }
  // Elements that all replays have moved: what they cost, independent of the machine.
  int64_t moved() const { return moved_; }

  const Problem& problem() const { return problem_; }

 private:
  void Set(const Depths& depths);

  const Problem& problem_;
  compiler::Network network_;
  double unbounded_cycles_ = 0;
  Depths unbounded_peak_;
  int64_t replays_ = 0, moved_ = 0;
};

}  // namespace streamtensor::sizing
