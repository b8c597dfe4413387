// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/ir_stages.h"

#include <mutex>

#include "absl/strings/str_cat.h"
#include "compiler/driver/diagnostic_text.h"
#include "compiler/passes/Passes.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace streamtensor::compiler {

std::vector<IrStage> IrStages(const IrStageOptions& options) {
  return {
      {"quantise", "numerics"},
      {"tile", "inline,canonicalize,cse,tile"},
      {"kernels", "linalg-to-dataflow"},
      {"fuse", "fuse,canonicalize,cse"},
      {"bind", "bind,canonicalize,cse"},
      {"materialise",
       absl::StrCat("materialize{channels=", options.weight_channels, " unroll=", options.unroll, "}")},
      {"size", absl::StrCat("assign-channels{channels=", options.channels, "},size-fifos,verify-bound")},
  };
}

void RegisterIrPasses() {
  static std::once_flag once;
  std::call_once(once, [] {
    mlir::registerTransformsPasses();
    registerStreamTensorPasses();
    static mlir::PassPipelineRegistration<> numerics("numerics", "imported -> ordered",
                                                     buildNumericsPipeline);
  });
}

absl::Status RunIrStage(const IrStage& stage, mlir::ModuleOp module) {
  DiagnosticText diagnostics(module.getContext());
  mlir::DialectRegistry extensions;
  mlir::func::registerInlinerExtension(extensions);
  module.getContext()->appendDialectRegistry(extensions);
  mlir::PassManager manager(module.getContext());
  std::string error;
  llvm::raw_string_ostream errors(error);
  if (mlir::failed(mlir::parsePassPipeline(stage.pipeline, manager, errors))) {
    return absl::InternalError(absl::StrCat("no such passes: ", error));
  }
  if (mlir::succeeded(manager.run(module))) return absl::OkStatus();
  return absl::InvalidArgumentError(diagnostics.Take("a pass failed without saying why"));
}

}  // namespace streamtensor::compiler
