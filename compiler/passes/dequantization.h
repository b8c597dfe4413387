// SPDX-License-Identifier: Apache-2.0
// Recognises the operation that turns a block-quantised weight back into float32.
#pragma once

#include <optional>

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Value.h"

namespace streamtensor::compiler {

// A weight stored as value = d*q + m a group of E elements, 32, or of 4 bits 64 or 128: q [N x G x E], d and
// m [N x G]; m is null without one.
struct Dequantization {
  mlir::Value q;
  mlir::Value d;
  mlir::Value m;
};

// Matches a generic over (n, g, k) that computes d[n,g]*q[n,g,k] or d[n,g]*q[n,g,k] + m[n,g] in float32,
// q being i4 (read unsigned) or i8 (read signed), d and m float16.
std::optional<Dequantization> matchDequantization(mlir::linalg::GenericOp op);

}  // namespace streamtensor::compiler
