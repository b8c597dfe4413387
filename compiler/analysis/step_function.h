// SPDX-License-Identifier: Apache-2.0
// What the values of a step function are: rows that stream by, memories, fields of the descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/dialects/itensor/ITensorDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler {

// The function that one launch runs: @step, or the only function with a body. Emits an error otherwise.
mlir::FailureOr<mlir::func::FuncOp> FindStep(mlir::ModuleOp module);

// How many rows the leading dimension of a tensor has.
struct Rows {
  std::string symbol;  // empty: `bound` is the number
  int64_t bound = 0;

  bool operator==(const Rows& other) const { return symbol == other.symbol && bound == other.bound; }
};

class StepFunction {
 public:
  // Finds the symbol of every dynamic leading dimension. Emits an error at the first value where a
  // dimension has no symbol or two different ones.
  static mlir::FailureOr<StepFunction> Analyse(mlir::func::FuncOp step);

  mlir::func::FuncOp function() const { return function_; }
  // Of a tensor of rank >= 1; nullopt where no symbol is known.
  std::optional<Rows> GetRows(mlir::Value value) const;

  // A memory: what can be read at will, in any order, by the one process that is given it. Arguments
  // that are weights or fields, and slices, shapes and casts of them.
  static bool IsMemory(mlir::Value value);
  // The function argument at the bottom of a memory.
  static mlir::BlockArgument MemoryRoot(mlir::Value value);
  // An argument's string attribute, "" when absent: kFieldAttr, kWeightAttr, ...
  static std::string ArgumentAttr(mlir::BlockArgument argument, llvm::StringRef name);
  // The descriptor's field that a value is, "" when it is none.
  static std::string FieldOf(mlir::Value value);

  // The orders in which tensors stream by. `type` has rank >= 1.
  // One row at a time: <1x.., [rows]*[1], (d0) -> (d0, 0, ..)>. Narrow floats stream as float32.
  static itensor::ITensorType RowOrder(mlir::RankedTensorType type, const Rows& rows);
  // 16 columns of one row, column tiles outside, rows inside. Rank 2, columns a multiple of `columns`.
  static itensor::ITensorType TileOrder(mlir::RankedTensorType type, const Rows& rows, int64_t columns);
  // What elements of `type` are while they stream: float32 for narrower floats.
  static mlir::Type StreamElement(mlir::Type type);

 private:
  mlir::LogicalResult visit(mlir::Operation* op);
  mlir::LogicalResult assign(mlir::Operation* op, mlir::Value value, const Rows& rows);

  mlir::func::FuncOp function_;
  llvm::DenseMap<mlir::Value, Rows> symbols_;  // of dynamic leading dimensions
};

}  // namespace streamtensor::compiler
