// SPDX-License-Identifier: Apache-2.0
// The weights of a module's matrix products in few bits, and what a product loses by them. Free of MLIR.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/weight_source.h"

namespace streamtensor::compiler {

// A float32 matrix [rows, columns] in memory, or its transpose.
struct ProductMatrix {
  int64_t rows = 0, columns = 0;  // columns: a multiple of 32
  bool transposed = false;        // memory holds [columns, rows]
  std::span<const float> values;

  float At(int64_t row, int64_t column) const {
    return values[static_cast<size_t>(transposed ? column * rows + row : row * columns + column)];
  }
};

// Blocks of GGUF's Q4_1, row by row, of least squared error (group_quantisation.h).
//  INVALID_ARGUMENT  a value is not finite, or float16 can't carry the scale
absl::StatusOr<std::vector<uint8_t>> QuantiseToQ4_1(const ProductMatrix& matrix);

// The product of int8 activations with weight `name` against the float32 product: the root mean square of the
// error by that of the values, on 8 rows of normally distributed activations (seed 1), quantised as the card
// does.
absl::StatusOr<double> MeasureProductError(const ProductMatrix& matrix, const WeightSource& weights,
                                           const std::string& name);

}  // namespace streamtensor::compiler
