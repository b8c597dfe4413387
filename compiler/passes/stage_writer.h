// SPDX-License-Identifier: Apache-2.0
// Writes the kernels of a divided sample (sample_stages.h).
#pragma once

#include "compiler/analysis/step_function.h"
#include "compiler/passes/sample_stages.h"

namespace streamtensor::compiler {

// A tensor of a sample on its way between two processes.
struct SampleStream {
  mlir::Value itensor;
  mlir::RankedTensorType type;  // of the tensor, without samples
  int row_dim = -1;             // -1: an element is a whole tensor
};

class StageWriter {
 public:
  // Kernels stand before `end`. `inputs`: of each input of the function, whole. `samples` counts the samples.
  StageWriter(const SamplePlan& plan, mlir::Operation* end, const Rows& samples,
              llvm::DenseMap<mlir::Value, SampleStream> inputs);

  // Writes all kernels, in order. Emits an error where an operation can't be part of a kernel.
  mlir::LogicalResult Write();
  // The stream of each result of the function, whole.
  llvm::ArrayRef<mlir::Value> results() const { return results_; }

 private:
  const SamplePlan& plan_;
  mlir::Operation* end_;
  Rows samples_;
  llvm::DenseMap<mlir::Value, SampleStream> streams_;
  llvm::SmallVector<mlir::Value> results_;
};

// Words of one element: of a whole tensor a row [1, N], else the tensor with one row and one more dimension.
mlir::RankedTensorType ElementOf(mlir::RankedTensorType tensor, int row_dim);
itensor::ITensorType StreamOrder(mlir::RankedTensorType tensor, int row_dim, const Rows& samples);

}  // namespace streamtensor::compiler
