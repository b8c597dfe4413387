// SPDX-License-Identifier: Apache-2.0
// When a process network does what: each operation at the earliest cycle that its process and its channel
// allow. An element can be read `handover_cycles` after it was written; a channel that is full holds its
// writer until the element `depth` before has been read. The network is determinate, so there is one such
// schedule, and a deeper channel never makes anything later. Free of MLIR.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "compiler/analysis/network.h"

namespace streamtensor::compiler {

// What a pipelined loop has in flight between an iteration's start and the FIFO that it writes. The pipeline
// can drain without new input. It admits more than RunNetwork does, which is why that is the proof.
struct WriterPipeline {
  double latency_cycles = 0;
  int64_t in_flight = 0;  // elements; 0: writes go straight to the FIFO
};

// A process can't work in [first + n * interval, first + n * interval + length): a refresh of its memory.
struct Pauses {
  double first_cycle = 0;
  double interval_cycles = 0;  // 0: never
  double length_cycles = 0;    // less than the interval
};

// Some operations of a process take longer. The same ones at any depth: which ones depends on the seed, the
// process and how many operations it has done.
struct Jitter {
  uint64_t seed = 1;
  double chance = 0;  // of an operation
  double cycles = 0;  // up to so many more, evenly distributed
};

struct TimingOptions {
  double handover_cycles = 2;
  std::vector<WriterPipeline> pipelines;                         // by channel; those beyond the end have none
  std::vector<Pauses> pauses;                                    // by process; those beyond the end have none
  std::vector<Jitter> jitter;                                    // by process; those beyond the end have none
  double most_cycles = std::numeric_limits<double>::infinity();  // a longer run is given up
  bool record = false;                                           // NetworkTiming::curves
};

struct ChannelTiming {
  double reader_waited = 0;  // cycles that the reader waited because it was empty
  double writer_waited = 0;  // ... the writer because it was full
};

struct ProcessTiming {
  double computed = 0;  // cycles of the process' operations
  double ended = 0;     // when
};

// When each element of a channel passed, in cycles.
struct ChannelCurves {
  std::vector<double> claimed;   // it occupies a slot
  std::vector<double> readable;  // it could be read
  std::vector<double> taken;     // the reader began to read it
  std::vector<double> freed;     // its slot is free again
};

struct NetworkTiming {
  bool completed = false;  // else: a deadlock, or longer than most_cycles; the other fields say nothing
  double cycles = 0;       // until the last process has ended
  int64_t moved = 0;       // elements
  std::vector<ChannelTiming> channels;
  std::vector<ProcessTiming> processes;
  std::vector<ChannelCurves> curves;  // by channel
};

// Time is linear in the elements that pass; memory, in the sum of depths, and with `record` in the elements.
NetworkTiming TimeNetwork(const Network& network, const TimingOptions& options);

}  // namespace streamtensor::compiler
