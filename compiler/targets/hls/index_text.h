// SPDX-License-Identifier: Apache-2.0
// C++ text of index arithmetic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "mlir/IR/AffineExpr.h"

namespace streamtensor::compiler::hls {

// A C++ expression for `expression` with dimension i spelled `dims[i]`. Dimensions are loop counters,
// never negative. nullopt: a division or remainder of something that might be negative (C++ rounds it
// the other way), or by something that is not a positive constant.
std::optional<std::string> AffineText(mlir::AffineExpr expression, llvm::ArrayRef<std::string> dims);

// offset + sum of index[i] * stride[i], with the zeros left out; "0" when nothing remains.
std::string LinearIndex(const std::string& offset, llvm::ArrayRef<std::string> indices,
                        llvm::ArrayRef<int64_t> strides);

}  // namespace streamtensor::compiler::hls
