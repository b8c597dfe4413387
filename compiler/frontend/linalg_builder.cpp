// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/linalg_builder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::Location;
using mlir::OpBuilder;
using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;
using mlir::utils::IteratorType;

Value FloatConstant(OpBuilder& b, Location loc, float value) {
  return b.create<mlir::arith::ConstantOp>(loc, b.getF32FloatAttr(value));
}

RankedTensorType WeightType(mlir::MLIRContext* context, const WeightShape& shape) {
  OpBuilder b(context);
  switch (shape.element) {
    case WeightElement::kU4:
      return RankedTensorType::get(shape.dims, b.getIntegerType(4));
    case WeightElement::kI8:
      return RankedTensorType::get(shape.dims, b.getI8Type());
    case WeightElement::kF16:
      return RankedTensorType::get(shape.dims, b.getF16Type());
    case WeightElement::kF32:
      return RankedTensorType::get(shape.dims, b.getF32Type());
  }
  return {};
}

Value LinalgBuilder::Index(int64_t value) { return b_.create<mlir::arith::ConstantIndexOp>(loc_, value); }

OpFoldResult LinalgBuilder::Size(Value tensor, int64_t dim) {
  auto type = llvm::cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim)) return b_.getIndexAttr(type.getDimSize(dim));
  return b_.create<mlir::tensor::DimOp>(loc_, tensor, dim).getResult();
}

llvm::SmallVector<OpFoldResult> LinalgBuilder::Sizes(Value tensor) {
  llvm::SmallVector<OpFoldResult> sizes;
  const int64_t rank = llvm::cast<RankedTensorType>(tensor.getType()).getRank();
  for (int64_t i = 0; i < rank; ++i) sizes.push_back(Size(tensor, i));
  return sizes;
}

Value LinalgBuilder::Zeros(llvm::ArrayRef<OpFoldResult> sizes) {
  Value empty = b_.create<mlir::tensor::EmptyOp>(loc_, sizes, b_.getF32Type());
  return b_.create<mlir::linalg::FillOp>(loc_, FloatConstant(b_, loc_, 0), empty).getResult(0);
}

Value LinalgBuilder::Elementwise(llvm::ArrayRef<OpFoldResult> sizes, Type element, ValueRange inputs,
                                 llvm::ArrayRef<AffineMap> maps, Body body) {
  Value empty = b_.create<mlir::tensor::EmptyOp>(loc_, sizes, element);
  llvm::SmallVector<AffineMap> all_maps(maps);
  all_maps.push_back(b_.getMultiDimIdentityMap(sizes.size()));
  const llvm::SmallVector<IteratorType> iterators(sizes.size(), IteratorType::parallel);
  return b_
      .create<mlir::linalg::GenericOp>(loc_, empty.getType(), inputs, empty, all_maps, iterators,
                                       [&](OpBuilder& b, Location loc, ValueRange arguments) {
                                         Value result = body(b, loc, arguments.drop_back());
                                         b.create<mlir::linalg::YieldOp>(loc, result);
                                       })
      .getResult(0);
}

Value LinalgBuilder::Pointwise(Type element, ValueRange inputs, Body body) {
  const llvm::SmallVector<OpFoldResult> sizes = Sizes(inputs[0]);
  const llvm::SmallVector<AffineMap> maps(inputs.size(), b_.getMultiDimIdentityMap(sizes.size()));
  return Elementwise(sizes, element, inputs, maps, body);
}

Value LinalgBuilder::Rowwise(Value x, llvm::ArrayRef<Value> rows, llvm::ArrayRef<Value> columns, Body body) {
  const AffineMap element = b_.getMultiDimIdentityMap(llvm::cast<RankedTensorType>(x.getType()).getRank());
  llvm::SmallVector<Value> inputs = {x};
  inputs.append(rows.begin(), rows.end());
  inputs.append(columns.begin(), columns.end());
  llvm::SmallVector<AffineMap> maps = {element};
  maps.append(rows.size(), element.getMajorSubMap(element.getNumDims() - 1));
  maps.append(columns.size(), element.getMinorSubMap(1));
  return Elementwise(Sizes(x), b_.getF32Type(), inputs, maps, body);
}

Value LinalgBuilder::SumRows(Value x, Body term) {
  const AffineMap element = b_.getMultiDimIdentityMap(llvm::cast<RankedTensorType>(x.getType()).getRank());
  const unsigned outer = element.getNumDims() - 1;
  llvm::SmallVector<IteratorType> iterators(outer, IteratorType::parallel);
  iterators.push_back(IteratorType::reduction);
  llvm::SmallVector<OpFoldResult> sizes;
  for (unsigned i = 0; i < outer; ++i) sizes.push_back(Size(x, i));
  Value zeros = Zeros(sizes);
  return b_
      .create<mlir::linalg::GenericOp>(loc_, zeros.getType(), x, zeros,
                                       llvm::ArrayRef{element, element.getMajorSubMap(outer)}, iterators,
                                       [&](OpBuilder& b, Location loc, ValueRange in) {
                                         Value value = term(b, loc, in.drop_back());
                                         Value sum = b.create<mlir::arith::AddFOp>(loc, in[1], value);
                                         b.create<mlir::linalg::YieldOp>(loc, sum);
                                       })
      .getResult(0);
}

Value LinalgBuilder::DequantisedElement(OpBuilder& b, Location loc, Value q, Value d, Value m) {
  const Type f32 = b.getF32Type();
  Value integer = q.getType().isInteger(4)
                      ? b.create<mlir::arith::UIToFPOp>(loc, f32, q).getResult()  // nibbles are unsigned
                      : b.create<mlir::arith::SIToFPOp>(loc, f32, q).getResult();
  Value scale = b.create<mlir::arith::ExtFOp>(loc, f32, d);
  Value value = b.create<mlir::arith::MulFOp>(loc, scale, integer);
  if (!m) return value;
  return b.create<mlir::arith::AddFOp>(loc, value, b.create<mlir::arith::ExtFOp>(loc, f32, m));
}

Value LinalgBuilder::Dequantise(const QuantisedMatrix& matrix) {
  AffineExpr n, g, e;
  bindDims(b_.getContext(), n, g, e);
  const AffineMap element = b_.getMultiDimIdentityMap(3);
  const AffineMap group = AffineMap::get(3, 0, {n, g}, b_.getContext());
  llvm::SmallVector<Value> inputs = {matrix.q, matrix.d};
  llvm::SmallVector<AffineMap> maps = {element, group};
  if (matrix.m) {
    inputs.push_back(matrix.m);
    maps.push_back(group);
  }
  Value values = Elementwise(Sizes(matrix.q), b_.getF32Type(), inputs, maps,
                             [&](OpBuilder& b, Location loc, ValueRange in) {
                               return DequantisedElement(b, loc, in[0], in[1], matrix.m ? in[2] : Value());
                             });
  return Collapse(values, {{0}, {1, 2}});
}

Value LinalgBuilder::MatMulTransposed(Value x, Value w) {
  AffineExpr t, n, k;
  bindDims(b_.getContext(), t, n, k);
  const auto map = [&](llvm::ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(3, 0, exprs, b_.getContext());
  };
  const llvm::SmallVector<AffineMap> maps = {map({t, k}), map({n, k}), map({t, n})};
  Value zeros = Zeros({Size(x, 0), Size(w, 0)});
  return b_
      .create<mlir::linalg::GenericOp>(
          loc_, zeros.getType(), ValueRange{x, w}, zeros, maps,
          llvm::ArrayRef{IteratorType::parallel, IteratorType::parallel, IteratorType::reduction},
          [](OpBuilder& b, Location loc, ValueRange in) {
            Value product = b.create<mlir::arith::MulFOp>(loc, in[0], in[1]);
            Value sum = b.create<mlir::arith::AddFOp>(loc, in[2], product);
            b.create<mlir::linalg::YieldOp>(loc, sum);
          })
      .getResult(0);
}

Value LinalgBuilder::Gather(const QuantisedMatrix& matrix, Value ids) {
  auto type = llvm::cast<RankedTensorType>(matrix.q.getType());
  const llvm::SmallVector<OpFoldResult> sizes = {Size(ids, 0), b_.getIndexAttr(type.getDimSize(1)),
                                                 b_.getIndexAttr(type.getDimSize(2))};
  const AffineMap token = AffineMap::get(3, 0, {b_.getAffineDimExpr(0)}, b_.getContext());
  Value rows = Elementwise(
      sizes, b_.getF32Type(), ids, token, [&](OpBuilder& b, Location loc, ValueRange in) -> Value {
        Value row = b.create<mlir::arith::IndexCastOp>(loc, b.getIndexType(), in[0]);
        Value group = b.create<mlir::linalg::IndexOp>(loc, 1);
        Value element = b.create<mlir::linalg::IndexOp>(loc, 2);
        Value q = b.create<mlir::tensor::ExtractOp>(loc, matrix.q, ValueRange{row, group, element});
        Value d = b.create<mlir::tensor::ExtractOp>(loc, matrix.d, ValueRange{row, group});
        Value m;
        if (matrix.m) m = b.create<mlir::tensor::ExtractOp>(loc, matrix.m, ValueRange{row, group});
        return DequantisedElement(b, loc, q, d, m);
      });
  return Collapse(rows, {{0}, {1, 2}});
}

Value LinalgBuilder::Add(Value a, Value b) {
  return Pointwise(b_.getF32Type(), {a, b}, [](OpBuilder& builder, Location loc, ValueRange in) -> Value {
    return builder.create<mlir::arith::AddFOp>(loc, in[0], in[1]);
  });
}

Value LinalgBuilder::Expand(Value tensor, llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups,
                            llvm::ArrayRef<int64_t> inner_sizes) {
  auto type = llvm::cast<RankedTensorType>(tensor.getType());
  llvm::SmallVector<int64_t> shape = {type.getDimSize(0)};
  llvm::SmallVector<OpFoldResult> sizes = {Size(tensor, 0)};
  for (int64_t size : inner_sizes) {
    shape.push_back(size);
    sizes.push_back(b_.getIndexAttr(size));
  }
  return b_.create<mlir::tensor::ExpandShapeOp>(loc_, RankedTensorType::get(shape, type.getElementType()),
                                                tensor, groups, sizes);
}

Value LinalgBuilder::Collapse(Value tensor, llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups) {
  return b_.create<mlir::tensor::CollapseShapeOp>(loc_, tensor, groups);
}

}  // namespace streamtensor::compiler
