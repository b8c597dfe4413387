// SPDX-License-Identifier: Apache-2.0
// Graphs of decoders, each wrong in one place, of any architecture. Tests use them to show that a wrong graph
// is noticed, and that a card runs whatever the graph says.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/linalg_decoder_graph.h"

namespace streamtensor::compiler {

struct GraphMutation {
  std::string_view name;
  std::string_view description;
  std::unique_ptr<LinalgDecoderGraph> (*make_graph)(mlir::MLIRContext* context);
};

// All of them, in a fixed order. One that speaks of what an architecture does without changes nothing there.
const std::vector<GraphMutation>& GraphMutations();

// INVALID_ARGUMENT for a name that isn't among them; says which are.
absl::StatusOr<GraphMutation> FindGraphMutation(std::string_view name);

}  // namespace streamtensor::compiler
