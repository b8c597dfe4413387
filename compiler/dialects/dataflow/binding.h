// SPDX-License-Identifier: Apache-2.0
// How an operation of a module in its own types becomes a process.
//
// The attribute `dataflow.binding` is a dictionary: `kind` = "spatial", a process of its own, or "fused",
// part of the process that makes its latest operand; and of a spatial one
//   `tile`    rows computed at a time, which must divide the rows (1),
//   `unroll`  copies of the innermost parallel loop, where they divide its length (16),
//   `width`   float32 values of a word of its streams (16, the only width that streams have).
//
//   %y = linalg.matmul {dataflow.binding = {kind = "spatial", tile = 4, unroll = 8}} ins(...) outs(...)
#pragma once

#include <cstdint>
#include <optional>

#include "mlir/IR/Operation.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::dataflow {

inline constexpr llvm::StringLiteral kBindingAttr = "dataflow.binding";

struct Binding {
  bool spatial = true;
  int64_t tile = 1, unroll = 16, width = 16;

  mlir::DictionaryAttr ToAttribute(mlir::MLIRContext* context) const;
};

// The binding that a verified operation carries; nullopt: none.
std::optional<Binding> BindingOf(mlir::Operation* op);
// Emits an error where `attribute` is no binding.
mlir::LogicalResult VerifyBinding(mlir::Operation* op, mlir::Attribute attribute);

}  // namespace streamtensor::compiler::dataflow
