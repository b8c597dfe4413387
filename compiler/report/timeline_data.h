// SPDX-License-Identifier: Apache-2.0
// What each process does over a launch.
#pragma once

#include "compiler/simulation/sized_design.h"
#include "llvm/Support/JSON.h"

namespace streamtensor::compiler {

// Cycles of the shortest span that a page can show of a launch of so many.
double TimelineResolution(double cycles);

// {"resolution": cycles of the shortest span, "states": [{"kind", "what"}], "spans": by call
// [begin, length, state, begin, length, state, ...] in cycles}. Kinds: "computes" (`what`: its loop), "input"
// and "output" (waits for a channel that is empty or full), "memory".
llvm::json::Object TimelineData(const SizedDesign& design, const SimulationResult& simulation,
                                double resolution);

}  // namespace streamtensor::compiler
