// SPDX-License-Identifier: Apache-2.0
// The matrix products of an exported step.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "compiler/frontend/exported/exported_step.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace streamtensor::compiler {

// A weight [.., N, K] of a product as it is read there.
struct ProductWeight {
  mlir::Value argument;     // of the exported step
  bool transposed = false;  // the argument is [K, N]
  int64_t rows = 0;         // N, of the product's result

  bool operator==(const ProductWeight&) const = default;
};

// A product of computed rows with a weight, and how its loops are used.
struct Product {
  mlir::linalg::LinalgOp op;
  mlir::OpOperand* rows = nullptr;
  ProductWeight weight;
  unsigned token_loop = 0, row_loop = 0, sum_loop = 0;
};

// nullopt: no such product. UNIMPLEMENTED: one, but of another form.
absl::StatusOr<std::optional<Product>> MatchProduct(const ExportedStep& step, mlir::Operation* op);

}  // namespace streamtensor::compiler
