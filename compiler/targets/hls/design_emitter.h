// SPDX-License-Identifier: Apache-2.0
// A sized dataflow.design as HLS C++: the text that Vitis would build and that the emulated card runs.
#pragma once

#include <string>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::hls {

struct DesignText {
  std::string design_h;       // the top function's declaration
  std::string design_cpp;     // processes and top function
  std::string launch_cpp;     // host only: the symbol st_launch
  std::string processes_cpp;  // processes as separate top functions, for vitis_hls
};

// Fails with a diagnostic at the operation that can't be written.
mlir::FailureOr<DesignText> EmitDesign(dataflow::DesignOp design);

}  // namespace streamtensor::compiler::hls
