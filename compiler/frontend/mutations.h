// SPDX-License-Identifier: Apache-2.0
// Changes of the imported graph, each of which makes it compute something that is not the model. Tests use
// them to show that a wrong graph is noticed, and that a card runs whatever the graph says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "compiler/frontend/llama/llama_graph.h"

namespace streamtensor::compiler {

struct GraphMutation {
  std::string_view name;
  std::string_view description;
  void (*apply)(const LlamaConfig& config, mlir::MLIRContext* context, LlamaRecipe* recipe);
};

// All of them, in a fixed order.
const std::vector<GraphMutation>& GraphMutations();

// INVALID_ARGUMENT for a name that isn't among them; says which are.
absl::Status ApplyGraphMutations(const std::vector<std::string>& names, const LlamaConfig& config,
                                 mlir::MLIRContext* context, LlamaRecipe* recipe);

}  // namespace streamtensor::compiler
