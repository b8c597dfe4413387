// SPDX-License-Identifier: Apache-2.0
// Builds the "imported" module (docs/architecture.md, section 1) of a decoder: @block, a layer, and @step,
// which embeds, calls it for each layer and gives logits.
#pragma once

#include <cstdint>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/linalg_decoder_graph.h"
#include "compiler/frontend/weight_source.h"
#include "kernels/contract/kv_pages.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace streamtensor::compiler {

struct StepBounds {
  int64_t max_context = 0;  // positions
  int64_t step_tokens = 0;  // bound of T and W

  // Page-table entries a sequence.
  int64_t max_pages() const { return contract::PagesOf(max_context); }
};

// `weights` tells the shapes; `graph` writes the operations. The module is not verified yet.
mlir::OwningOpRef<mlir::ModuleOp> BuildDecoderModule(const DecoderModel& model, const StepBounds& bounds,
                                                     const WeightSource& weights, LinalgDecoderGraph& graph,
                                                     mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
