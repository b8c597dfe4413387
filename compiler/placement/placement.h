// SPDX-License-Identifier: Apache-2.0
// On which die (SLR) of a card each process of a design stands: an integer linear program after that of
// AutoBridge (Guo et al., "AutoBridge: Coupling Coarse-Grained Floorplanning and Pipelining for
// High-Frequency HLS Design on Multi-Die FPGAs", FPGA 2021), solved by Cbc as a whole instead of by halving.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/platform/platform.h"

namespace streamtensor::compiler {

// What is placed as a whole.
struct PlacedBlock {
  std::string name;
  LogicResources<double> needs;
  std::optional<size_t> die;  // where it stands already, as a memory controller does
};

// Wires between two blocks.
struct PlacedLink {
  std::string name;
  size_t from = 0, to = 0;  // indices of blocks
  int64_t wires = 0;
};

struct PlacementProblem {
  std::vector<PlacedBlock> blocks;
  std::vector<PlacedLink> links;
};

struct PlacementLimits {
  double seconds = 10;  // what the solver may take
  // Stops the solver at the same place on each host, unless the seconds end before.
  int max_nodes = 20000;
};

// One resource that is asked for more than the platform's limits leave.
struct PlacementExcess {
  size_t die = 0;        // of "sll" the die below the boundary
  std::string resource;  // as in the platform's file
  double share = 0;      // of what there is
  double limit = 0;
};

struct Placement {
  std::vector<size_t> dies;                  // of each block
  std::vector<LogicResources<double>> used;  // of each die
  std::vector<int64_t> crossings;            // wires over each boundary, between die i and i + 1
  std::vector<PlacementExcess> excess;       // empty: within all limits
  double cost =
      0;  // shares of each boundary's wires, and a tenth of the fullest resource's share of its limit
  double bound = 0;      // no placement costs less than this
  bool optimal = false;  // cost is the least

  // How much better than this a placement can be at most, as a share of the cost.
  double Gap() const;
};

// The placement that costs least of those within the limits; if there is none, the one that exceeds them
// least. Dies stand in a row, a wire from die 0 to die 2 crosses two boundaries. Equal problems have equal
// results on all hosts, unless the time ends first. Not thread-safe: Cbc's settings are global.
//   INVALID_ARGUMENT    a link or die out of range, a negative need
//   RESOURCE_EXHAUSTED  no placement found within the limits of the search
absl::StatusOr<Placement> Place(const PlacementProblem& problem, const Platform& platform,
                                const PlacementLimits& limits = {});

// The same figures of a placement that is given: one die a block.
Placement Judge(const PlacementProblem& problem, const Platform& platform, std::vector<size_t> dies);

}  // namespace streamtensor::compiler
