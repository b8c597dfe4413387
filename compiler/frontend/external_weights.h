// SPDX-License-Identifier: Apache-2.0
// Weights of a .mlir module that lie in a safetensors file beside it (docs/python.md).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {

// Replaces each argument with streamtensor.weight = "NAME" by a dense_resource constant with the values of
// that tensor in the file that the module's streamtensor.weights names, which is in `folder`. Leaves a
// function without such arguments alone.
//  NOT_FOUND         no such file
//  INVALID_ARGUMENT  the file is damaged or of another export; a tensor is missing, or of another type or
//  shape
absl::Status LoadExternalWeights(mlir::ModuleOp module, mlir::func::FuncOp function,
                                 const std::string& folder);

}  // namespace streamtensor::compiler
