// SPDX-License-Identifier: Apache-2.0
// Builds the "imported" module (docs/architecture.md, section 1) of a Llama model.
#pragma once

#include <cstdint>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/frontend/llama/llama_config.h"
#include "compiler/frontend/weight_source.h"
#include "kernels/contract/kv_pages.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace streamtensor::compiler {

// Every choice that makes the graph the model it is. DefaultRecipe() is the file's; tests change one.
struct LlamaRecipe {
  bool attn_norm_weight = true;
  bool attention_biases = true;  // those that the model has
  bool ffn_norm_weight = true;
  bool mean_of_squares = true;               // false: their sum
  RopePairs rope = RopePairs::kInterleaved;  // the architecture's
  int64_t query_position_offset = 0;         // added to a query's position, not below 0
  bool keys_from_values = false;
  float attention_scale = 0;    // 1 / sqrt(head_dim)
  mlir::AffineMap kv_head_map;  // query head -> KV head
  mlir::AffineMap page_map;     // logical page -> column of the page table, when reading
  int64_t mask_offset = 0;      // j is seen from p when j <= p + offset
  bool attn_residual = true;
  bool ffn_residual = true;
  bool swap_gate_and_up = false;
  bool gate_activation = true;  // SiLU
  bool final_norm = true;
};

LlamaRecipe DefaultRecipe(const LlamaConfig& config, mlir::MLIRContext* context);

struct LlamaBounds {
  int64_t max_context = 0;  // positions
  int64_t step_tokens = 0;  // bound of T and W

  // Page-table entries a sequence.
  int64_t max_pages() const { return contract::PagesOf(max_context); }
};

// `weights` tells the shapes. The module is not verified yet.
mlir::OwningOpRef<mlir::ModuleOp> BuildLlamaModule(const LlamaConfig& config, const LlamaRecipe& recipe,
                                                   const LlamaBounds& bounds, const WeightSource& weights,
                                                   mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
