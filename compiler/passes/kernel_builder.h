// SPDX-License-Identifier: Apache-2.0
// Writes one dataflow.kernel: its loop nest, what it reads, and what it is given.
#pragma once

#include <string>

#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace streamtensor::compiler {

// A loop over tiles: 0, step, 2*step .. extent.
struct LoopShape {
  Rows extent;
  int64_t step = 1;
};

// Name of the first weight that an operation is given or captures, without what all names share; "".
std::string LabelOfMemories(mlir::Operation* op);

// `value` with its elements in another float format; `value` itself when it has that already.
mlir::Value ConvertElements(mlir::OpBuilder& b, mlir::Location loc, mlir::Value value, mlir::Type element);

class KernelBuilder {
 public:
  // The kernel stands before `op`.
  KernelBuilder(mlir::Operation* op, llvm::StringRef label, const StepFunction& step);

  // Makes kernel and loops; what follows is written into the innermost loop.
  void Begin(llvm::ArrayRef<itensor::ITensorType> outputs, llvm::ArrayRef<LoopShape> nest);
  mlir::OpBuilder& builder() { return body_; }
  mlir::Value Induction(unsigned loop) const { return inductions_[loop]; }

  // The next element of an itensor, in elements of `element`. One source in one order is read once.
  mlir::Value Read(mlir::Value itensor, mlir::Value source, mlir::Type element);
  // Whether a value only starts a computation: tensor.empty, linalg.fill, and slices of these.
  static bool IsInitial(mlir::Value value);
  // Such a value for one tile.
  mlir::FailureOr<mlir::Value> MakeInitial(mlir::Value value, mlir::RankedTensorType tile);
  mlir::Value MakeEmpty(mlir::RankedTensorType tile);
  // A memory, an index, a constant, as the kernel sees it. Emits an error where a kernel can't have it.
  mlir::FailureOr<mlir::Value> Import(mlir::Value value);
  // All that `region` uses from outside, into `mapping`.
  mlir::FailureOr<bool> ImportCaptures(mlir::Region& region, mlir::IRMapping& mapping);
  // The tile of a memory: dimension i starts where loop loops[i] is (-1: whole).
  mlir::Value Slice(mlir::Value memory, mlir::RankedTensorType tile, llvm::ArrayRef<int> loops);

  // Puts the next element into result `index`; once for each.
  void Write(unsigned index, mlir::Value value);
  dataflow::KernelOp End();

 private:
  mlir::Value addInput(mlir::Value value);

  mlir::Operation* op_;
  mlir::Location loc_;
  const StepFunction& step_;
  std::string label_;
  dataflow::KernelOp kernel_;
  mlir::OpBuilder entry_;  // before the loops
  mlir::OpBuilder body_;   // innermost
  llvm::SmallVector<mlir::scf::ForOp> loops_;
  llvm::SmallVector<mlir::Value> inductions_, written_, destinations_;
  llvm::DenseMap<mlir::Value, mlir::Value> inputs_, imported_;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Type>, mlir::Value> read_;
};

}  // namespace streamtensor::compiler
