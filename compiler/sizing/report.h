// SPDX-License-Identifier: Apache-2.0
// All methods on one problem, compared: what their FIFOs cost and how the network runs with them.
#pragma once

#include <string>
#include <vector>

#include "compiler/sizing/methods.h"

namespace streamtensor::sizing {

// The replay with disturbances of the processes that read or write the card's memory: refreshes, at a phase
// of its own for each, and jitter.
struct Disturbance {
  double refresh_interval_cycles = 0, refresh_cycles = 0;
  double jitter_chance = 0.01;  // of an operation
  double jitter_cycles = 16;
  int draws = 3;  // replays, each with its own seed
};

// What the platform's memory does.
Disturbance DisturbanceOf(const compiler::Platform& platform);

struct MethodResult {
  Method method = Method::kDepthTwo;
  std::string error;  // else nothing below is set
  Depths depths;
  schedule::Area area;
  double share = 0;  // of the card, as FifoPrices::Share
  int64_t bits = 0;
  bool completes = false;         // proved by RunNetwork
  double cycles = 0;              // 0 if not
  double stall_cycles = 0;        // more than with unbounded FIFOs
  double disturbed_slowdown = 0;  // the worst draw, against unbounded FIFOs with the same disturbances
  int64_t replays = 0;            // that the method took
  double seconds = 0;             // measured
};

struct Comparison {
  std::string name, source;
  size_t processes = 0, fifos = 0;
  Objective objective = Objective::kPrice;
  uint64_t seed = 1;
  double unbounded_cycles = 0;
  std::vector<MethodResult> methods;
};

Comparison Compare(const Problem& problem, const FifoPrices& prices, const std::vector<Method>& methods,
                   const MethodOptions& options, const Disturbance& disturbance);

// A table. Times only if they are asked for, so that it is the same on every machine otherwise.
std::string ComparisonText(const Comparison& comparison, bool with_times);
// A list of comparisons, with depths by FIFO.
std::string ComparisonJson(const std::vector<Comparison>& comparisons, const std::vector<Problem>& problems,
                           bool with_times);

}  // namespace streamtensor::sizing
