// SPDX-License-Identifier: Apache-2.0
// Which memory bank each pointer argument is wired to.
#pragma once

#include <string>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/platform/platform.h"
#include "compiler/targets/hls/design_index.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::hls {

// INTERFACE pragmas of the top function: arguments of one bank share a bundle, each with a channel of
// its own (HLS contract i).
std::string InterfacePragmas(const DesignIndex& design);

// The configuration file of v++: one kernel instance, its ports' banks, the clock. Fails with a diagnostic
// where the design can't be written.
mlir::FailureOr<std::string> ConnectivityText(dataflow::DesignOp design, const Platform& platform);

}  // namespace streamtensor::compiler::hls
