// SPDX-License-Identifier: Apache-2.0
// C++14 text of scalar operations. The text computes the same bits as MLIR's lowering to LLVM does, as
// long as it is compiled without contraction and without fast-math.
#pragma once

#include <optional>
#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "mlir/IR/Operation.h"

namespace streamtensor::compiler::hls {

// The expression of a scalar operation (arith, math.sqrt) over its operands' expressions, which must be
// names or literals. nullopt: the operation, or one of its types, has no text.
std::optional<std::string> ScalarText(mlir::Operation* operation, llvm::ArrayRef<std::string> operands);

}  // namespace streamtensor::compiler::hls
