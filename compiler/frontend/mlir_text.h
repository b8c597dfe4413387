// SPDX-License-Identifier: Apache-2.0
// MLIR's text from files that may hold anything.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace streamtensor::compiler {

// Parses and verifies the module, with the dialects that the context has loaded. Refuses what MLIR's parser
// isn't made for: texts of more than 1 GiB, bytecode, deep brackets, affine maps that can't be computed.
//  NOT_FOUND         no such file
//  INVALID_ARGUMENT  says where and what was expected
//  UNIMPLEMENTED     bytecode
absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ParseMlirFile(const std::string& path,
                                                                mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
