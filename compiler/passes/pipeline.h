// SPDX-License-Identifier: Apache-2.0
// The order of the passes: from the imported module to the sized design.
#pragma once

#include <cstdint>

#include "llvm/ADT/ArrayRef.h"
#include "mlir/Pass/PassManager.h"

namespace streamtensor::compiler {

// The platform is the module's own (attach_platform.h). 0: what the platform says.
struct PipelineOptions {
  int64_t weight_channels = 0;  // over which weights are distributed
  int64_t unroll = 0;           // rows of activations the engine works on at a time
  bool exact_depths = false;    // every FIFO at its least depth
};

// A part of the pipeline that ends in a module of docs/architecture.md, section 1.
struct PipelineStage {
  const char* name;
  void (*add_passes)(mlir::OpPassManager& passes, const PipelineOptions& options);
};

// All of them, in order. The first is `numerics`: imported to ordered, the passes that fix every bit of the
// results. The reference runs it alone.
llvm::ArrayRef<PipelineStage> PipelineStages();
void BuildNumericsPipeline(mlir::OpPassManager& passes);
// Its beginning, for a module in its own types: up to the kernel, whose operations are those of the module.
// The reference runs it for such a module.
void BuildSamplesPipeline(mlir::OpPassManager& passes);

// Makes the passes and two pipelines known to a command line by name: `numerics`, and `dataflow`, which
// attaches a platform and does all that follows. Call once per process.
void RegisterPipelines();

}  // namespace streamtensor::compiler
