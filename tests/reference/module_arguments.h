// SPDX-License-Identifier: Apache-2.0
// What the arguments of a module's function stand for (docs/architecture.md, section 1).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/weight_source.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tests/reference/array.h"

namespace streamtensor::reference {

enum class ArgumentKind { kField, kPool, kWeight, kInput };

struct ArgumentRole {
  ArgumentKind kind = ArgumentKind::kInput;
  std::string name;  // field, "k" or "v", weight's name, input's name
  std::string part;  // of a weight
  mlir::RankedTensorType type;
};

// One role an argument.
//  INVALID_ARGUMENT  an argument carries none of the attributes, or is no tensor
absl::StatusOr<std::vector<ArgumentRole>> ReadArgumentRoles(mlir::func::FuncOp function);

// The whole weight that an argument stands for: all layers where its name runs over layers.
//  NOT_FOUND, INVALID_ARGUMENT (its shape is not the argument's type)
absl::StatusOr<Array> ReadWeight(const ArgumentRole& role, const compiler::WeightSource& weights);

}  // namespace streamtensor::reference
