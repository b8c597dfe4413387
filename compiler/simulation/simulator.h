// SPDX-License-Identifier: Apache-2.0
// One launch of a scheduled design, cycle by cycle where something waits: each process runs its control code
// (schedule/control_code.h), blocks on its channels at their depths and on the memory banks. What decides on
// control comes from the descriptor; data has no values. Deterministic.
//
// Not modelled: routing (the clock is the platform's), the order of rows within a bank, the memory's
// crossbar.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/schedule/control_code.h"
#include "compiler/simulation/memory_model.h"

namespace streamtensor::compiler {

// What the design runs on, in cycles of its clock.
struct SimulationCosts {
  MemoryRates memory;
  int64_t banks = 1;
  double handover_cycles = 2;  // from a write of a FIFO until it can be read
  double crossing_cycles = 4;  // more, for each die border between the two processes
};

struct SimulationInput {
  std::map<std::string, int64_t> bank_of;                    // of the top function's pointers; others: 0
  std::map<std::string, std::vector<uint8_t>> known_memory;  // the bytes of those that decide on control
  std::vector<int64_t> die_of;                               // of each call; empty: all on one
  bool attribute = true;                                     // fill SimulationResult::causes
  double timeline_cycles = -1;  // a timeline of spans that last at least this long; < 0: none
};

// Where cycles of the critical path went.
struct Cause {
  enum class Kind : uint8_t {
    kInterval,   // iterations at their initiation interval
    kDepth,      // pipelines fill and drain, and straight code
    kHandover,   // through FIFOs
    kCrossing,   // between dies
    kBandwidth,  // memory at its rate
    kLatency,    // the memory's first byte
    kRefresh,
    kShared,  // another master has the bank
    kIdle,    // before the first event
  };
  Kind kind = Kind::kIdle;
  int32_t call = -1;    // a process, or -1
  int32_t region = -1;  // of its code
  double cycles = 0;
};
const char* KindName(Cause::Kind kind);

struct ProcessActivity {
  double busy = 0;                // not waiting
  double memory_waits = 0;        // for data or for its writes to be taken
  double ended = 0;               // when; it is idle from then on
  std::vector<double> in_region;  // busy cycles, by region of its code
};

struct ChannelActivity {
  double reader_waited = 0;  // it was empty
  double writer_waited = 0;  // it was full
  int64_t elements = 0;
  int64_t most = 0;                // held at once
  double mean = 0;                 // held, over the launch
  int32_t source = -1, sink = -1;  // calls
};

struct MemoryActivity {
  std::string name;
  double bytes_read = 0, bytes_written = 0;
  int64_t bank = 0;
};

struct Span {
  int32_t call = 0;
  int32_t region = 0;    // that ran
  int32_t channel = -1;  // or that was waited for
  bool memory = false;   // or that memory was
  double begin = 0, end = 0;
};

struct SimulationResult {
  double cycles = 0;                       // until the last process has ended
  std::vector<Cause> causes;               // sum up to `cycles`; longest first
  std::vector<ProcessActivity> processes;  // by call
  std::vector<ChannelActivity> channels;
  std::vector<MemoryActivity> memories;
  std::vector<double> bank_busy;  // cycles at the bank's rate
  std::vector<Span> timeline;     // by call and time
  // Decisions that depend on data: where, and how often. They took the loop's exit or the first branch.
  std::map<std::string, int64_t> assumed;
};

//  INVALID_ARGUMENT    the design's connections don't fit: a channel with other than two ends, an address
//                      outside of an array
//  FAILED_PRECONDITION  a deadlock; names who waits for what
//  RESOURCE_EXHAUSTED  the launch takes more than `kMaxSteps` steps of control
absl::StatusOr<SimulationResult> Simulate(const schedule::DesignCode& design, const SimulationCosts& costs,
                                          const SimulationInput& input);

}  // namespace streamtensor::compiler
