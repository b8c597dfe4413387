// SPDX-License-Identifier: Apache-2.0
// From a decomposed module on tensors to the LLVM dialect.
#pragma once

#include "mlir/Pass/PassManager.h"

namespace streamtensor::reference {

// Calls of functions of the module are inlined, tensors become buffers, linalg operations become loops in
// the order of their indices. Keeps the public functions, with C interfaces.
void BuildLoweringPipeline(mlir::OpPassManager& pm);

}  // namespace streamtensor::reference
