// SPDX-License-Identifier: Apache-2.0
// Writes values of an exported step as linalg whose rows are counted by a symbol: unit dimensions gone,
// tokens first, and what only moves elements as indices of what computes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/exported/exported_step.h"
#include "compiler/frontend/exported/step_products.h"
#include "compiler/frontend/exported/tensor_index.h"
#include "compiler/frontend/linalg_builder.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/Builders.h"

namespace streamtensor::compiler {

// Gives the parts of the function under construction that stand for arguments of the exported step.
class StepWeights {
 public:
  virtual ~StepWeights() = default;
  virtual QuantisedMatrix Matrix(const ProductWeight& weight) = 0;  // `q` null: none
  // The matrix that token ids look rows up in.
  virtual QuantisedMatrix Embedding(mlir::Value argument) = 0;  // `q` null: none
  virtual mlir::Value Values(mlir::Value argument) = 0;         // null: none
};

class StepWriter {
 public:
  StepWriter(const ExportedStep& step, mlir::OpBuilder& builder, mlir::Location location)
      : step_(step), b_(builder), linalg_(builder, location) {}

  // Writes attention; [T x heads * head_dim].
  using Attend = std::function<mlir::Value(mlir::Value q, mlir::Value k, mlir::Value v)>;

  // Values are written into another function from here on; what was written before isn't used again. `rows`
  // has as many rows as the step has tokens there.
  void Enter(mlir::Value rows, StepWeights* weights, Attend attend);
  // A value of the exported step that stands there already, one row [d1 x d2 ..] a token, without unit
  // dimensions.
  void Define(mlir::Value old, mlir::Value written);

  // [T x elements of a row] float32.
  absl::StatusOr<mlir::Value> WriteRows(mlir::Value old);

 private:
  // A written tensor, and which dimensions of the exported value each of its dimensions runs over.
  struct Leaf {
    mlir::Value tensor;
    std::vector<std::vector<int64_t>> groups;
  };
  // A dimension of what is being written.
  struct Dim {
    int64_t size;
    bool is_token = false;
    bool is_summed = false;
  };
  struct Body;

  using Indices = std::vector<TensorIndex>;
  using WriteElement = std::function<absl::StatusOr<mlir::Value>(Body&, llvm::ArrayRef<TensorIndex> dims)>;

  // One operation over `dims`; `element` writes what it yields. With `initial`, a reduction from it over the
  // summed dimensions, the accumulator being the body's last argument.
  absl::StatusOr<mlir::Value> Write(llvm::ArrayRef<Dim> dims, mlir::Type element_type,
                                    const WriteElement& element, mlir::Value initial = {});
  absl::StatusOr<mlir::Value> Finish(Body& body, llvm::ArrayRef<Dim> dims, mlir::Value result,
                                     mlir::Type element_type, mlir::Value initial);

  // The element of an exported tensor at `index`, in the body.
  absl::StatusOr<mlir::Value> Element(Body& body, mlir::Value old, Indices index);
  absl::StatusOr<mlir::Value> ElementOfLeaf(Body& body, const Leaf& leaf, mlir::Value old,
                                            llvm::ArrayRef<TensorIndex> index);
  absl::StatusOr<mlir::Value> ElementOfWeight(Body& body, mlir::Value old, llvm::ArrayRef<TensorIndex> index);
  absl::StatusOr<mlir::Value> ElementOfConcat(Body& body, mlir::tensor::ConcatOp op, Indices index);
  absl::StatusOr<mlir::Value> ElementOfLinalg(Body& body, mlir::linalg::LinalgOp op, unsigned result,
                                              llvm::ArrayRef<TensorIndex> index);
  // The operations of `op`'s body that its result needs, in the body under construction.
  absl::StatusOr<mlir::Value> CloneBody(Body& body, mlir::linalg::LinalgOp op, unsigned result,
                                        llvm::ArrayRef<TensorIndex> loops, mlir::Value accumulator);
  // A scalar from outside of all bodies.
  absl::StatusOr<mlir::Value> Scalar(Body& body, mlir::Value old);
  absl::StatusOr<mlir::Value> ReadInput(Body& body, mlir::Value tensor,
                                        llvm::ArrayRef<mlir::AffineExpr> exprs);
  absl::StatusOr<mlir::Value> IndexValue(Body& body, const TensorIndex& index);

  bool MustBeWritten(const Body& body, mlir::Value old, llvm::ArrayRef<TensorIndex> index) const;
  absl::StatusOr<const Leaf*> WriteLeaf(mlir::Value old);
  absl::StatusOr<Leaf> WriteElementwise(mlir::Value old);
  absl::StatusOr<Leaf> WriteReduction(mlir::linalg::LinalgOp op);
  absl::StatusOr<Leaf> WriteProduct(const Product& product);
  absl::StatusOr<Leaf> WriteAttention(mlir::Operation* call);
  // The dimensions of an exported value that a written one has: tokens first, then those that are not 1.
  std::vector<int64_t> WrittenDims(mlir::Value old) const;

  const ExportedStep& step_;
  mlir::OpBuilder& b_;
  LinalgBuilder linalg_;
  mlir::Value rows_;
  StepWeights* weights_ = nullptr;
  Attend attend_;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Leaf>> leaves_;
  int depth_ = 0;
};

}  // namespace streamtensor::compiler
