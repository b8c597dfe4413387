// SPDX-License-Identifier: Apache-2.0
// What a simulation keeps of each channel, AXI master and process.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "compiler/schedule/control_code.h"
#include "compiler/simulation/control_machine.h"
#include "compiler/simulation/history.h"
#include "compiler/simulation/memory_model.h"

namespace streamtensor::compiler {

// The elements of a channel. A slot opened or taken counts from that moment.
struct ChannelState {
  struct Slot {
    double written = 0, freed = 0;  // when it could be read, when it became free
    double written_at = 0;          // its writer's time then
    Histories::Id written_by = Histories::kNone, freed_by = Histories::kNone;
    double writer_time = 0, freer_time = 0;  // up to which the histories reach
    ControlValue value;
  };
  std::vector<Slot> slots;
  int64_t opened = 0, published = 0, taken = 0, released = 0;
  int32_t source = -1, sink = -1;
  int32_t waiting_reader = -1, waiting_writer = -1;
  double handover = 0, crossing = 0;
  std::deque<std::pair<int64_t, double>> unmatched;  // writes whose occupancy isn't known: element, time

  Slot& At(int64_t element) { return slots[static_cast<size_t>(element) % slots.size()]; }
  bool HasElement() const { return taken < published; }
  bool HasSpace() const { return opened - released < static_cast<int64_t>(slots.size()); }
};

// An AXI master: a process' use of a memory.
struct PortState {
  int64_t bank = 0;
  int32_t master = 0;
  int32_t memory = 0;
  int64_t run = -1;  // of the region that it streams for
  double entered = 0;
  int64_t chunks = 0;  // of this run
  double chunk_bytes = 0, chunk_left = 0;
  MemoryService service;
  std::deque<double> completions;
};

struct Level {
  int32_t region = 0;
  int64_t cursor = 0;  // of straight code
  double entered = 0;
};

struct MachineState {
  MachineState(const schedule::ProcessCode& process, int32_t index)
      : code(process), call(index), machine(process) {}

  const schedule::ProcessCode& code;
  int32_t call;
  ControlMachine machine;
  size_t at = 0;  // step
  double now = 0;
  std::vector<Level> levels = {Level()};
  int64_t runs = 0;  // of regions, so far
  bool ended = false, queued = false;
  Histories::Id history = Histories::kNone;
  double accounted = 0;          // its history reaches up to here
  double iterated = 0;           // of the time since then: initiation intervals
  std::vector<PortState> ports;  // by parameter
  std::vector<int32_t> regions;  // causes of each: interval, depth
};

}  // namespace streamtensor::compiler
