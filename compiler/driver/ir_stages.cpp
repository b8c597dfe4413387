// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/ir_stages.h"

#include "base/status_macros.h"
#include "compiler/driver/diagnostic_text.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"

namespace streamtensor::compiler {

absl::Status RunIrStage(const PipelineStage& stage, const PipelineOptions& options, mlir::ModuleOp module) {
  DiagnosticText diagnostics(module.getContext());
  mlir::DialectRegistry extensions;
  mlir::func::registerInlinerExtension(extensions);
  module.getContext()->appendDialectRegistry(extensions);
  mlir::PassManager passes(module.getContext());
  stage.add_passes(passes, options);
  if (mlir::succeeded(passes.run(module))) return absl::OkStatus();
  return absl::InvalidArgumentError(diagnostics.Take("a pass failed without saying why"));
}

absl::Status RunIrStages(const PipelineOptions& options, mlir::ModuleOp module) {
  for (const PipelineStage& stage : PipelineStages()) RETURN_IF_ERROR(RunIrStage(stage, options, module));
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
