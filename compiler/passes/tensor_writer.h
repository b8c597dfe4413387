// SPDX-License-Identifier: Apache-2.0
// Writes linalg generics over tensors whose first dimension may be unknown.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

// Inserts at the builder's point.
class TensorWriter {
 public:
  using Value = mlir::Value;
  using OpFoldResult = mlir::OpFoldResult;
  // The value of an element, from those of the inputs and, last, the one that stands there.
  using Body = llvm::function_ref<Value(mlir::OpBuilder&, mlir::Location, mlir::ValueRange)>;

  TensorWriter(mlir::OpBuilder& builder, mlir::Location loc) : b(builder), loc(loc) {}

  Value empty(llvm::ArrayRef<OpFoldResult> sizes, mlir::Type element) {
    return b.create<mlir::tensor::EmptyOp>(loc, sizes, element);
  }

  Value filled(llvm::ArrayRef<OpFoldResult> sizes, mlir::TypedAttr value) {
    Value scalar = b.create<mlir::arith::ConstantOp>(loc, value);
    return b.create<mlir::linalg::FillOp>(loc, scalar, empty(sizes, value.getType())).getResult(0);
  }

  // `maps` list loops for each input and last the result; loops in `reduced` are reductions.
  Value generic(llvm::ArrayRef<Value> inputs, Value init, llvm::ArrayRef<llvm::SmallVector<int64_t>> maps,
                int64_t loops, llvm::ArrayRef<int64_t> reduced, Body body) {
    llvm::SmallVector<mlir::AffineMap> affine;
    for (const llvm::SmallVector<int64_t>& map : maps) {
      llvm::SmallVector<mlir::AffineExpr> results;
      for (int64_t loop : map) results.push_back(b.getAffineDimExpr(loop));
      affine.push_back(mlir::AffineMap::get(loops, 0, results, b.getContext()));
    }
    llvm::SmallVector<mlir::utils::IteratorType> iterators(loops, mlir::utils::IteratorType::parallel);
    for (int64_t loop : reduced) iterators[loop] = mlir::utils::IteratorType::reduction;
    return b
        .create<mlir::linalg::GenericOp>(
            loc, init.getType(), inputs, init, affine, iterators,
            [&](mlir::OpBuilder& nested, mlir::Location at, mlir::ValueRange args) {
              nested.create<mlir::linalg::YieldOp>(at, body(nested, at, args));
            })
        .getResult(0);
  }

  OpFoldResult size(Value tensor, int64_t dimension) {
    return mlir::linalg::createFoldedDimOp(b, loc, tensor, dimension);
  }
  OpFoldResult index(int64_t value) { return b.getIndexAttr(value); }

  mlir::OpBuilder& b;
  mlir::Location loc;
};

}  // namespace streamtensor::compiler
