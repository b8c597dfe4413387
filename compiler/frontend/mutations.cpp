// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/mutations.h"

#include <algorithm>

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using Config = LlamaConfig;
using Context = mlir::MLIRContext;
using Recipe = LlamaRecipe;

void ReverseKvHeads(const Config& config, Context* context, Recipe* recipe) {
  // Differs from the model's map for every model with more than one KV head.
  mlir::AffineExpr head = mlir::getAffineDimExpr(0, context);
  recipe->kv_head_map =
      mlir::AffineMap::get(1, 0, config.kv_heads - 1 - head.floorDiv(config.query_heads / config.kv_heads));
}

void SlipPages(const Config&, Context* context, Recipe* recipe) {
  // Stays within the pages that a sequence has; wrong from its second page on.
  recipe->page_map = mlir::AffineMap::get(1, 0, mlir::getAffineDimExpr(0, context).floorDiv(2));
}

}  // namespace

const std::vector<GraphMutation>& GraphMutations() {
  static const auto& mutations = *new std::vector<GraphMutation>{
      {"mask-off-by-one", "a token doesn't see itself",
       [](const Config&, Context*, Recipe* recipe) { recipe->mask_offset = -1; }},
      {"no-rope", "queries and keys aren't rotated",
       [](const Config&, Context*, Recipe* recipe) { recipe->rope = RopePairs::kNone; }},
      {"rope-pairs", "RoPE turns i with i + head_dim/2 instead of its neighbour, or the reverse",
       [](const Config& config, Context*, Recipe* recipe) {
         recipe->rope =
             config.rope_pairs == RopePairs::kInterleaved ? RopePairs::kHalves : RopePairs::kInterleaved;
       }},
      {"no-attention-biases", "queries, keys, values and the attention's output get no bias",
       [](const Config&, Context*, Recipe* recipe) { recipe->attention_biases = false; }},
      {"query-position", "queries are rotated for the position before theirs",
       [](const Config&, Context*, Recipe* recipe) { recipe->query_position_offset = -1; }},
      {"gate-up-swapped", "SiLU is taken of up instead of gate",
       [](const Config&, Context*, Recipe* recipe) { recipe->swap_gate_and_up = true; }},
      {"no-gate-activation", "gate times up without SiLU",
       [](const Config&, Context*, Recipe* recipe) { recipe->gate_activation = false; }},
      {"page-slip", "page p of a sequence is read from page p/2", SlipPages},
      {"kv-heads-reversed", "query heads use the KV heads in reverse order", ReverseKvHeads},
      {"attention-scale", "scores are divided by head_dim instead of its root",
       [](const Config& config, Context*, Recipe* recipe) {
         recipe->attention_scale = 1.0f / static_cast<float>(config.head_dim);
       }},
      {"attn-norm-weight", "the norm before attention has no weight",
       [](const Config&, Context*, Recipe* recipe) { recipe->attn_norm_weight = false; }},
      {"ffn-norm-weight", "the norm before the feed-forward part has no weight",
       [](const Config&, Context*, Recipe* recipe) { recipe->ffn_norm_weight = false; }},
      {"norm-sum", "norms divide by the root of the sum of squares instead of their mean",
       [](const Config&, Context*, Recipe* recipe) { recipe->mean_of_squares = false; }},
      {"no-attn-residual", "attention replaces the residual",
       [](const Config&, Context*, Recipe* recipe) { recipe->attn_residual = false; }},
      {"no-ffn-residual", "the feed-forward part replaces the residual",
       [](const Config&, Context*, Recipe* recipe) { recipe->ffn_residual = false; }},
      {"keys-from-values", "keys are made with the weights of values",
       [](const Config&, Context*, Recipe* recipe) { recipe->keys_from_values = true; }},
      {"no-final-norm", "the head reads the residual as it is",
       [](const Config&, Context*, Recipe* recipe) { recipe->final_norm = false; }},
  };
  return mutations;
}

absl::Status ApplyGraphMutations(const std::vector<std::string>& names, const LlamaConfig& config,
                                 mlir::MLIRContext* context, LlamaRecipe* recipe) {
  for (const std::string& name : names) {
    const std::vector<GraphMutation>& all = GraphMutations();
    auto found =
        std::find_if(all.begin(), all.end(), [&](const GraphMutation& entry) { return entry.name == name; });
    if (found == all.end()) {
      std::string known;
      for (const GraphMutation& entry : all) known += Message(known.empty() ? "" : ", ", entry.name);
      return absl::InvalidArgumentError(
          Message("no graph mutation is called ", Quoted(name), "; there are ", known));
    }
    found->apply(config, context, recipe);
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
