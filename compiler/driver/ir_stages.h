// SPDX-License-Identifier: Apache-2.0
// Runs one stage of the pipeline of passes.
#pragma once

#include "absl/status/status.h"
#include "compiler/passes/pipeline.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {

// The error diagnostics are the status' message.
absl::Status RunIrStage(const PipelineStage& stage, const PipelineOptions& options, mlir::ModuleOp module);
// All of them, in order, up to the first that fails.
absl::Status RunIrStages(const PipelineOptions& options, mlir::ModuleOp module);

}  // namespace streamtensor::compiler
