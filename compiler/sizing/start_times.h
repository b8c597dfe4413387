// SPDX-License-Identifier: Apache-2.0
// Start times of processes that make FIFOs cheap: a linear program with one variable a process. Given its
// start, each process keeps to its own schedule, so that each FIFO's depth follows.
#pragma once

#include "absl/status/statusor.h"
#include "compiler/sizing/fifo_prices.h"
#include "compiler/sizing/own_schedules.h"

namespace streamtensor::sizing {

enum class Equalisation {
  kNormal,        // everyone at its own rate
  kConservative,  // everyone as slow as the slowest: smaller FIFOs
};
inline constexpr const char* kEqualisationNames[] = {"normal", "conservative"};

struct StartTimes {
  std::vector<double> start;    // by process, in cycles
  std::vector<double> stretch;  // by process: its own schedule takes so many times as long
  double cycles = 0;            // until the last process has ended
  // With these depths the network runs at least as early as this schedule, which is a run of it: no deadlock,
  // and no more cycles. (Where problem.timing has no pauses and no jitter, and no most_depth binds.)
  Depths depths;
};

// Processes in a cycle run as in `own` and are shifted against each other as far as the cycle allows.
//   INTERNAL  Clp found no optimum
absl::StatusOr<StartTimes> FindStartTimes(const Problem& problem, const OwnSchedules& own,
                                          const FifoPrices& prices, Equalisation equalisation);

// The least distance of the starts of a channel's processes at which every element is there when it is read.
double LeastDistance(const compiler::ChannelCurves& curves, double writer_stretch, double reader_stretch);

}  // namespace streamtensor::sizing
