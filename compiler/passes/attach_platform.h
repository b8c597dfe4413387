// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/platform/platform.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {

// Names the card that `module` is compiled for: sets dataflow.platform, in place of any other.
void AttachPlatform(mlir::ModuleOp module, const Platform& platform);

}  // namespace streamtensor::compiler
