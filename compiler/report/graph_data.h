// SPDX-License-Identifier: Apache-2.0
// The dataflow graph of a design, laid out.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "compiler/simulation/sized_design.h"
#include "llvm/Support/JSON.h"

namespace streamtensor::compiler {

// {"width", "height", "nodes": [{"x", "y", "width", "height"}], "edges": [{"from", "to", "control",
// "path"}]}: a node for each call, an edge for each instance of a channel, in the simulation's order.
// `control` edges carry next to nothing in the step of `tokens` tokens, as a step's header does; they have no
// influence on the layout and no `path`, which is the SVG of the others: its curve.
absl::StatusOr<llvm::json::Object> GraphData(const SizedDesign& design, const SimulationResult& simulation,
                                             int64_t tokens);

}  // namespace streamtensor::compiler
