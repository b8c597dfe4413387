// SPDX-License-Identifier: Apache-2.0
// The schedule that Vitis HLS is expected to give an HLS C++ text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/schedule/area.h"
#include "compiler/schedule/channels.h"
#include "compiler/schedule/control_code.h"
#include "compiler/schedule/cycle_formula.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/loop_schedule.h"

namespace streamtensor::schedule {

struct EstimateOptions {
  std::string top;  // see Prepare()
  std::vector<std::string> include_folders;
  double clock_ns = 0;                // the period
  std::optional<double> uncertainty;  // a part of the period, 0 to 1; without it the cost file's
  bool unsafe_math = false;
};

// An innermost loop, with the loops that are flattened into it.
struct LoopEstimate {
  int64_t line = 0;  // of the innermost; 0: unknown
  bool pipelined = false;
  int64_t flattened_loops = 1;
  CycleFormula iterations;
  Bound bound;        // its ii is 1 and its limit kNone for a loop that isn't pipelined
  int64_t depth = 0;  // states of an iteration
  CycleFormula cycles;
  std::vector<AxiAccess> axi;
  Area area;
  Area operators;  // the part of `area` that is multipliers, dividers and floating-point operators

  // What `iterations` of it take.
  int64_t CyclesOf(int64_t iterations) const;
};

struct ProcessEstimate {
  std::string name;
  std::vector<LoopEstimate> loops;
  CycleFormula cycles;
  std::map<std::string, std::string> symbols;  // of the formulas: what they stand for
  Area area;
  Area storage;  // the part of `area` that is local arrays and AXI adapters
};

struct DesignEstimate {
  bool dataflow = false;  // the processes run at the same time
  std::vector<ProcessEstimate> processes;
  std::vector<Channel> channels;
  std::vector<MemoryPort> ports;
  Area area;  // of processes and channels
};

// Runs clang, for at most two minutes. Not thread-safe: it changes options of LLVM's passes for its time.
// Errors as of EmitIr() and Prepare(), and:
//  INVALID_ARGUMENT  clock or uncertainty out of range
absl::StatusOr<DesignEstimate> Estimate(const std::string& source, const DeviceCosts& costs,
                                        const EstimateOptions& options);

struct ScheduledDesign {
  DesignEstimate estimate;
  DesignCode code;  // processes in the estimate's order
};

// The same, with what a simulation needs. Errors as of Estimate(), and:
//  INVALID_ARGUMENT  the text has no function with DATAFLOW
//  UNIMPLEMENTED     as of ControlCodeOf()
absl::StatusOr<ScheduledDesign> ScheduleDesign(const std::string& source, const DeviceCosts& costs,
                                               const EstimateOptions& options);

}  // namespace streamtensor::schedule
