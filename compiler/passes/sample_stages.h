// SPDX-License-Identifier: Apache-2.0
// How the operations of a sample are divided into processes that stream into each other.
//
// A stage is what one process computes. A stage by rows walks one dimension of its tensors, a row at a time:
// a row enters, the rows that follow from it leave. A whole stage takes and gives whole tensors. Stages are
// in an order in which none reads from a later one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/binding.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace streamtensor::compiler {

// Processes that a module is divided into at most. More would be merged: neighbours become whole stages.
inline constexpr size_t kMaxStages = 64;

// How a stage takes a tensor.
struct StageUse {
  enum class Kind {
    kWhole,   // all of it before the first row
    kRows,    // row i for row i
    kWindow,  // rows i * stride .. i * stride + span - 1 for row i
  };
  Kind kind = Kind::kWhole;
  int dim = -1;  // of the rows
  int64_t stride = 1, span = 1;

  bool operator==(const StageUse& other) const {
    return kind == other.kind && dim == other.dim && stride == other.stride && span == other.span;
  }
  // Rows read for each row written, and kept at a time.
  int64_t held() const { return std::max(stride, span); }
};

// What an operation does row by row.
struct RowPlan {
  unsigned loop = 0;    // of a linalg operation: walks the rows
  int source_dim = -1;  // of any other: the dimension of its first operand
  int64_t rows = 0;
  llvm::SmallVector<int> result_dims;  // of each result
  bool pads = false;                   // an insert_slice that gives `rows`, of which the operand has some
};

struct SampleStage {
  llvm::SmallVector<mlir::Operation*> ops;
  int64_t rows = 0;  // 0: whole
  bool pads = false;
  bool spatial = false;                         // made for an operation that is a process of its own
  std::optional<dataflow::Binding> binding;     // of the operation that it was made for, where that says
  llvm::MapVector<mlir::Value, StageUse> uses;  // of what it does not make itself
  llvm::SmallVector<unsigned> results;  // of the function, that it gives though it makes no such value

  bool by_rows() const { return rows > 0; }
};

class SamplePlan {
 public:
  // Every tensor of `step` must be of static shape. Operations that don't depend on an input belong to no
  // stage: whoever uses them computes them. Emits an error where a binding can't be had.
  static mlir::FailureOr<SamplePlan> Make(mlir::func::FuncOp step);

  const std::vector<SampleStage>& stages() const { return stages_; }
  // -1: an input, or what depends on none.
  int StageOf(mlir::Value value) const;
  // Whether a value depends on an input.
  bool IsComputed(mlir::Value value) const { return computed_.contains(value); }
  // The dimension of the rows of what a stage by rows makes; -1: none.
  int RowDim(mlir::Value value) const;
  // Of an operation in a stage by rows.
  const RowPlan& PlanOf(mlir::Operation* op) const { return plans_.find(op)->second; }

 private:
  void findComputed(mlir::func::FuncOp step);
  void findPreferences(mlir::func::FuncOp step);
  mlir::LogicalResult place(mlir::Operation* op);
  std::optional<RowPlan> choose(mlir::Operation* op) const;
  bool streams(mlir::Value value, int dim) const;
  int preference(mlir::Value value) const {
    const auto found = preferred_.find(value);
    return found == preferred_.end() ? -1 : found->second;
  }
  bool mayJoin(mlir::Operation* op, const RowPlan& plan, int stage) const;
  int latestStage(mlir::Operation* op) const;
  int add(mlir::Operation* op, const std::optional<RowPlan>& plan);
  void makeWhole(SampleStage& stage);
  void mergeRange(size_t first, size_t last);
  void keepScalarsTogether();
  void joinConsumers();
  void limit();
  void assignResults();
  void findUses();
  void dropIdleRows();
  void number();

  std::vector<SampleStage> stages_;
  mlir::Operation* end_ = nullptr;  // returns the results
  llvm::DenseSet<mlir::Value> computed_;
  llvm::DenseMap<mlir::Operation*, int> stage_of_;
  llvm::DenseMap<mlir::Operation*, RowPlan> plans_;
  llvm::DenseMap<mlir::Value, int> preferred_;  // dimension that a consumer would like to be the rows
};

// The operands that an operation reads: without those that only give a result's shape.
llvm::SmallVector<mlir::OpOperand*> UsedOperands(mlir::Operation* op);
// All that the operation reads, its region's captures included.
llvm::SetVector<mlir::Value> UsedValues(mlir::Operation* op);
// How an operation that walks rows takes an operand. nullopt: it can't walk them so.
std::optional<StageUse> UseOf(mlir::OpOperand& operand, const RowPlan& plan);

}  // namespace streamtensor::compiler
