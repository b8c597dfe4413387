// SPDX-License-Identifier: Apache-2.0
// Modelled cycles of one process of a design, by itself.
#pragma once

#include <cstdint>

#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::compiler {

// What the symbols are in a step.
struct StepSymbols {
  int64_t tokens = 1;  // T
  int64_t logits = 1;  // W

  int64_t Of(llvm::StringRef symbol, int64_t otherwise) const {
    return symbol == "T" ? tokens : symbol == "W" ? logits : otherwise;
  }
};

// 512-bit words of all elements of an itensor.
uint64_t StreamWords(itensor::ITensorType type, const StepSymbols& symbols);

// Cycles of a kernel's body, once: loops at one iteration a cycle, parallel innermost loops of a multiple
// of 16 at 16 a cycle, a word a cycle at its streams.
uint64_t KernelCycles(mlir::Block& body, const StepSymbols& symbols);

// Attention of T tokens over their own rows, one layer.
uint64_t AttentionCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim, int64_t tokens);
// One page of context more for one token, one layer.
uint64_t AttentionPageCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim);

// The engine at `rows` rows of one tile.
uint64_t TileCycles(int64_t rows);

}  // namespace streamtensor::compiler
