// SPDX-License-Identifier: Apache-2.0
// What operators and memories cost on a device family: configs/schedule/*.yaml.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::schedule {

// One implementation of an operator. It is fully pipelined: `latency` registers, stages of `delay_ns`.
struct Core {
  int64_t latency = 0;
  double delay_ns = 0;
  int64_t dsp = 0;
  int64_t lut = 0;
  int64_t ff = 0;
};

// The core of least latency whose stage fits `budget_ns`, else the one of least delay. `cores` isn't empty.
const Core& ChooseCore(const std::vector<Core>& cores, double budget_ns);

// The operators of which a cost file must speak, in the order of kOperatorNames.
enum class Operator {
  kFAdd,
  kFAddRecurrence,
  kFMul,
  kFDiv,
  kFSqrt,
  kFExp,
  kFCmp,
  kIToFp,
  kFpToI,
  kFpExt,
  kDAdd,
  kDMul,
  kDDiv,
  kDSqrt,
  kDCmp,
  kMemoryRead,
  kMemoryWrite,
  kFifoAccess,
  kAxiRead,
  kAxiWrite,
};
inline constexpr std::array kOperatorNames = {
    "fadd",  "fadd_recurrence", "fmul",         "fdiv",        "fsqrt",    "fexp",     "fcmp",
    "itofp", "fptoi",           "fpext",        "dadd",        "dmul",     "ddiv",     "dsqrt",
    "dcmp",  "memory_read",     "memory_write", "fifo_access", "axi_read", "axi_write"};

// Logic without registers, whose cost grows with its width: kMux with its number of inputs.
enum class Fabric { kAdd, kCompare, kSelect, kLogic, kShift, kMux };
inline constexpr std::array kFabricNames = {"add", "compare", "select", "logic", "shift", "mux"};

struct FabricPoint {
  int64_t width = 0;
  double delay_ns = 0;
  double lut = 0;
};

// Multipliers of operands of at most `wide` and `narrow` bits.
struct Multiplier {
  int64_t wide = 0;
  int64_t narrow = 0;
  std::vector<Core> cores;
};

// The adapter of an AXI master of at most `bits`.
struct AxiCost {
  int64_t bits = 0;
  int64_t bram18 = 0, lut = 0, ff = 0;
};

struct MemoryDelay {
  int64_t words = 0;  // memories of at most this many
  double delay_ns = 0;
};

struct StorageRules {
  int64_t ports = 0;         // accesses of a bank in a cycle
  int64_t copies_reads = 0;  // reads in a cycle of an array that Vitis copies (RAM_1WNR)
  int64_t lutram_words = 0;  // smaller memories are LUTRAM
  int64_t bram18_bits = 0, bram18_width = 0;
  int64_t uram_from_words = 0, uram_to_words = 0, uram_width = 0;
  double register_ns = 0;  // access to an array of registers
  std::vector<MemoryDelay> delays;
};

// Shallow FIFOs are registers or shift registers, deeper ones LUTRAM, the rest block RAM.
struct FifoRules {
  int64_t register_depth = 0;
  int64_t srl_bits = 0, lutram_bits = 0;  // depth times width
  int64_t control_lut = 0, control_ff = 0;
  int64_t memory_lut = 0, memory_ff = 0;  // beside the elements' bits
};

// What Vitis decides without a pragma.
struct ToolRules {
  double uncertainty = 0;        // part of the clock period that the schedule leaves free
  int64_t auto_unroll_trip = 0;  // inner loops of at most this many iterations are unrolled
  double recurrence_mux_ns = 0;  // in front of a register that closes a recurrence
  double recurrence_slack = 0;   // part of a stage by which an II that a pragma asks for may break the clock
  double flatten_index_ns = 0;   // the indices of a flattened nest
  double reuse_select_ns = 0;    // choosing the register that forwards a store to a load
  int64_t divider_latency = 0;   // of an integer divider, more than its bits
  double divider_ns = 0;
  int64_t axi_bits = 0;                     // to which neighbouring accesses are widened
  int64_t control_lut = 0, control_ff = 0;  // of a pipelined loop
};

// What a simulation adds to the schedules, in cycles.
struct InterconnectRules {
  double fifo_cycles = 0;          // from a write until it can be read
  double die_crossing_cycles = 0;  // more, for each border of dies
  int64_t burst_beats = 0;         // of an AXI master without options
  int64_t outstanding = 0;         // its requests that wait for data
};

// Picojoules of one resource a cycle in which its loop runs.
struct EnergyCosts {
  double dsp_pj = 0, lut_pj = 0, ff_pj = 0, bram18_pj = 0, uram_pj = 0;
  double clock_pj = 0;  // of a flip-flop, in every cycle
};

struct DeviceCosts {
  std::string family;
  std::array<std::vector<Core>, kOperatorNames.size()> cores;        // by Operator, ascending latency
  std::array<std::vector<FabricPoint>, kFabricNames.size()> fabric;  // by Fabric, ascending width
  std::vector<Multiplier> multipliers;                               // ascending
  StorageRules storage;
  FifoRules fifos;
  std::vector<AxiCost> axi;  // ascending width
  ToolRules tool;
  InterconnectRules interconnect;
  EnergyCosts energy;

  const Core& Choose(Operator op, double budget_ns) const {
    return ChooseCore(cores[static_cast<std::size_t>(op)], budget_ns);
  }
  // Between the file's points linear, outside of them as the nearest two.
  FabricPoint Logic(Fabric fabric, int64_t width) const;
  const Core& Multiply(int64_t wide, int64_t narrow, double budget_ns) const;
  // The delay of a memory of `words`; 0: unknown, as the interface's.
  double MemoryDelayNs(int64_t words) const;
};

//  NOT_FOUND         the file can't be read
//  INVALID_ARGUMENT  all that is wrong with it, a line each
absl::StatusOr<DeviceCosts> ReadDeviceCosts(const std::string& path);

}  // namespace streamtensor::schedule
