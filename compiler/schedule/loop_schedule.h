// SPDX-License-Identifier: Apache-2.0
// Initiation interval and depth of a region.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/schedule/loop_graph.h"

namespace streamtensor::schedule {

enum class Limit { kNone, kTarget, kCarriedValue, kCarriedMemory, kMemoryPorts, kFifoPort, kAxiPort };
inline constexpr const char* kLimitNames[] = {"none",         "target",    "carried value", "carried memory",
                                              "memory ports", "FIFO port", "AXI port"};

// Why the II isn't lower.
struct Bound {
  int64_t ii = 1;
  Limit limit = Limit::kNone;
  std::string cause;  // names the array, FIFO or value and counts what is in the way; empty for kNone
};

// Accesses of a direction of an AXI master.
struct AxiAccess {
  std::string port;
  bool write = false;
  int64_t accesses = 0;  // of an iteration
  int64_t bytes = 0;     // of each
  int64_t words = 0;     // of the bus, an iteration
  bool burst = false;
  std::string reason;  // of single beats
};

struct RegionSchedule {
  Bound bound;
  int64_t depth = 0;                   // states of an iteration; the report's iteration latency
  std::vector<int64_t> start, finish;  // states of each node
  std::vector<bool> short_core;        // nodes that got the core for recurrences
  std::vector<AxiAccess> axi;
};

RegionSchedule Schedule(const Region& region, const LoopGraph& graph, const ProcessContext& context);

}  // namespace streamtensor::schedule
