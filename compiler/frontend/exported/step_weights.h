// SPDX-License-Identifier: Apache-2.0
// Which weights an exported step reads, how, and under which names they stand in a design.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/decoder_weights.h"
#include "compiler/frontend/exported/exported_step.h"
#include "llvm/ADT/DenseMap.h"

namespace streamtensor::compiler {

class ExportedWeights {
 public:
  //  UNIMPLEMENTED  a weight is read in a way that can't be compiled; names it
  static absl::StatusOr<ExportedWeights> Find(const ExportedStep& step);

  ExportedWeights(ExportedWeights&&) = default;
  ExportedWeights& operator=(ExportedWeights&&) = default;

  // As an architecture says them; views this.
  TensorSpecs specs() const;
  // Rows of the shortest table of positions; 0 without one.
  int64_t positions() const { return positions_; }

  // The name of a weight as a product or a lookup by token reads it, or by its values; "" of others.
  std::string_view Matrix(mlir::Value argument) const { return NameOf(argument, true); }
  std::string_view Values(mlir::Value argument) const { return NameOf(argument, false); }
  // Whether a product reads the weight of that name in the design; a lookup by token may, too.
  bool IsOfProduct(std::string_view name) const;

 private:
  struct Weight {
    bool is_matrix = false;
    bool is_product = false;
    bool is_values = false;
    bool transposed = false;
    std::vector<int64_t> shape;
    std::string name;     // in the design and in the file, `{layer}` in place of the layer's number
    bool shared = false;  // every layer reads the one
  };

  ExportedWeights() = default;
  std::string_view NameOf(mlir::Value argument, bool is_matrix) const;

  // By argument, in the order of @main's arguments. A deque's elements stay where they are.
  std::deque<Weight> weights_;
  llvm::DenseMap<mlir::Value, size_t> index_;
  int64_t positions_ = 0;
};

}  // namespace streamtensor::compiler
