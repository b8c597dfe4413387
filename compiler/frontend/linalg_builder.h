// SPDX-License-Identifier: Apache-2.0
// Pieces of linalg on tensors that front ends build models from. All of it is float32; a leading
// dimension may be dynamic.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/frontend/weight_source.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace streamtensor::compiler {

// The parts of one matrix [N, K] in the IR. `m` is null without minimums.
struct QuantisedMatrix {
  mlir::Value q;  // [N, K/32, 32] i4 (unsigned) or i8 (signed)
  mlir::Value d;  // [N, K/32] f16
  mlir::Value m;  // [N, K/32] f16, or null
};

class LinalgBuilder {
 public:
  // Gives the value of one element from those of the inputs.
  using Body = llvm::function_ref<mlir::Value(mlir::OpBuilder&, mlir::Location, mlir::ValueRange)>;

  LinalgBuilder(mlir::OpBuilder& builder, mlir::Location location) : b_(builder), loc_(location) {}

  mlir::OpBuilder& builder() { return b_; }
  mlir::Location loc() const { return loc_; }

  mlir::Value Index(int64_t value);
  // Size of a dimension: an attribute when static, a tensor.dim otherwise.
  mlir::OpFoldResult Size(mlir::Value tensor, int64_t dim);
  llvm::SmallVector<mlir::OpFoldResult> Sizes(mlir::Value tensor);

  // A linalg.generic with only parallel loops over `sizes`; map i reads input i.
  mlir::Value Elementwise(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element,
                          mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps, Body body);
  // The same with every input of the shape of the first.
  mlir::Value Pointwise(mlir::Type element, mlir::ValueRange inputs, Body body);

  // Of x [..., N], with one value for each of its rows from `rows` ([...] each) and one for each of its
  // columns from `columns` ([N] each): the body's inputs in that order. [..., N]
  mlir::Value Rowwise(mlir::Value x, llvm::ArrayRef<mlir::Value> rows, llvm::ArrayRef<mlir::Value> columns,
                      Body body);
  // Sums of `term` of the elements of each row of x [..., N]: [...].
  mlir::Value SumRows(mlir::Value x, Body term);

  // value = d * q + m as float32 [N, K]: one generic over [N, K/32, 32] and a collapse.
  mlir::Value Dequantise(const QuantisedMatrix& matrix);
  // x [T, K] times w [N, K], transposed: [T, N]; a generic over (t, n, k).
  mlir::Value MatMulTransposed(mlir::Value x, mlir::Value w);
  // Rows `ids` [T] i32 of a matrix, dequantised: [T, K].
  mlir::Value Gather(const QuantisedMatrix& matrix, mlir::Value ids);
  mlir::Value Add(mlir::Value a, mlir::Value b);

  // Splits (or joins) dimensions.
  mlir::Value Expand(mlir::Value tensor, llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups,
                     llvm::ArrayRef<int64_t> inner_sizes);
  mlir::Value Collapse(mlir::Value tensor, llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups);

  // A reduction into zeros.
  mlir::Value Zeros(llvm::ArrayRef<mlir::OpFoldResult> sizes);

  // One element, in a body.
  mlir::Value DequantisedElement(mlir::OpBuilder& b, mlir::Location loc, mlir::Value q, mlir::Value d,
                                 mlir::Value m);

 private:
  mlir::OpBuilder& b_;
  mlir::Location loc_;
};

// f32 constant, for bodies.
mlir::Value FloatConstant(mlir::OpBuilder& b, mlir::Location loc, float value);

// The IR type of one layer's part.
mlir::RankedTensorType WeightType(mlir::MLIRContext* context, const WeightShape& shape);

}  // namespace streamtensor::compiler
