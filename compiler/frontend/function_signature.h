// SPDX-License-Identifier: Apache-2.0
// The arguments of a function under construction, with their attributes, and where each weight's parts stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/linalg_builder.h"
#include "compiler/frontend/weight_source.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace streamtensor::compiler {

class FunctionSignature {
 public:
  explicit FunctionSignature(mlir::MLIRContext* context) : b_(context) {}

  // Each gives the argument's index.
  size_t Add(mlir::Type type, llvm::ArrayRef<mlir::NamedAttribute> attributes);
  // One row a token.
  size_t AddPerToken(mlir::RankedTensorType type, llvm::ArrayRef<mlir::NamedAttribute> attributes = {});
  // An attribute for Add*().
  mlir::NamedAttribute Named(llvm::StringRef name, llvm::StringRef value);

  // All parts that the weight has; `stack` layers in a leading dimension, 0 for none.
  void AddWeight(std::string_view name, const WeightSource& weights, int64_t stack);

  mlir::func::FuncOp Create(mlir::OpBuilder& builder, mlir::Location location, llvm::StringRef name,
                            llvm::ArrayRef<mlir::Type> results) const;

  // The argument of `function`, which Create() made, that holds a part of a weight; null when there is none.
  mlir::Value Argument(mlir::func::FuncOp function, std::string_view name, WeightPart part) const;

 private:
  mlir::OpBuilder b_;
  std::vector<mlir::Type> types_;
  std::vector<mlir::DictionaryAttr> attributes_;
  std::map<std::pair<std::string, WeightPart>, size_t> weights_;
};

}  // namespace streamtensor::compiler
