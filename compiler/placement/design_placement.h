// SPDX-License-Identifier: Apache-2.0
// A dataflow design as the placement's blocks and links, and what becomes of them.
#pragma once

#include <string>

#include "compiler/placement/placement.h"
#include "compiler/platform/platform.h"
#include "compiler/schedule/estimator.h"

namespace streamtensor::compiler {

// A block for each process, with the channels that it reads and the adapters of its pointers, and one without
// needs for each die that has ports of the card's memory. Links: channels, and from each pointer to its bank,
// which is the number at the end of its bundle's name.
PlacementProblem DesignBlocks(const schedule::DesignEstimate& design, const Platform& platform);

// A line for each die with its shares and processes, and one for each boundary; what exceeds a limit is
// marked.
std::string PlacementText(const PlacementProblem& problem, const Placement& placement,
                          const Platform& platform);

// A script for Vivado, to run before placement: a region for each die, with its processes in it. Never tried.
std::string FloorplanText(const PlacementProblem& problem, const Placement& placement);

}  // namespace streamtensor::compiler
