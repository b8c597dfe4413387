// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/sample_words.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

using namespace mlir;

int64_t WordsOfElement(Type type) {
  if (type.isF32() || type.isF16() || type.isBF16()) return 1;
  if (type.isF64() || type.isInteger(64)) return 2;
  return type.isInteger(1) || type.isInteger(8) || type.isInteger(16) || type.isInteger(32) ? 1 : 0;
}

Value ReshapeTo(OpBuilder& b, Location loc, Value value, RankedTensorType to) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == to) return value;
  auto flat = RankedTensorType::get({from.getNumElements()}, from.getElementType());
  auto whole = [](int64_t rank) {
    SmallVector<ReassociationIndices> groups;
    if (rank == 0) return groups;
    groups.emplace_back();
    for (int64_t i = 0; i < rank; ++i) groups[0].push_back(i);
    return groups;
  };
  if (from.getRank() == 0) {
    value = b.create<tensor::ExpandShapeOp>(loc, flat, value, whole(0));
  } else if (from.getRank() > 1) {
    value = b.create<tensor::CollapseShapeOp>(loc, flat, value, whole(from.getRank()));
  }
  if (to.getRank() == 0) return b.create<tensor::CollapseShapeOp>(loc, to, value, whole(0));
  if (to.getRank() == 1) return value;
  return b.create<tensor::ExpandShapeOp>(loc, to, value, whole(to.getRank()));
}

namespace {

// An elementwise operation over the n elements of a flat tensor.
Value MapFlat(OpBuilder& b, Location loc, ValueRange inputs, ArrayRef<AffineMap> maps,
              RankedTensorType result, llvm::function_ref<Value(OpBuilder&, Location, ValueRange)> body) {
  Value empty = b.create<tensor::EmptyOp>(loc, result.getShape(), result.getElementType());
  SmallVector<utils::IteratorType> iterators(result.getRank(), utils::IteratorType::parallel);
  return b
      .create<linalg::GenericOp>(loc, result, inputs, empty, maps, iterators,
                                 [&](OpBuilder& nested, Location at, ValueRange arguments) {
                                   Value value = body(nested, at, arguments);
                                   nested.create<linalg::YieldOp>(at, value);
                                 })
      .getResult(0);
}

// An element of two words, from their bits.
Value OfTwoWords(OpBuilder& b, Location loc, Value low, Value high, Type type) {
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  auto wide = [&](Value word) -> Value {
    return b.create<arith::ExtUIOp>(loc, i64, b.create<arith::BitcastOp>(loc, i32, word));
  };
  Value shift = b.create<arith::ConstantIntOp>(loc, 32, 64);
  Value bits = b.create<arith::OrIOp>(loc, wide(low), b.create<arith::ShLIOp>(loc, wide(high), shift));
  return type.isF64() ? b.create<arith::BitcastOp>(loc, type, bits).getResult() : bits;
}

// One element of a type other than float32, from a word.
Value OfWord(OpBuilder& b, Location loc, Value word, Type type) {
  if (isa<FloatType>(type)) return b.create<arith::TruncFOp>(loc, type, word);
  Value bits = b.create<arith::BitcastOp>(loc, b.getI32Type(), word);
  if (type.isInteger(32)) return bits;
  return b.create<arith::TruncIOp>(loc, type, bits);
}

Value ToWord(OpBuilder& b, Location loc, Value element) {
  Type type = element.getType(), f32 = b.getF32Type(), i32 = b.getI32Type();
  if (isa<FloatType>(type)) return b.create<arith::ExtFOp>(loc, f32, element);
  if (type.isInteger(1)) element = b.create<arith::ExtUIOp>(loc, i32, element);
  if (type.isInteger(8) || type.isInteger(16)) element = b.create<arith::ExtSIOp>(loc, i32, element);
  return b.create<arith::BitcastOp>(loc, f32, element);
}

}  // namespace

Value UnpackWords(OpBuilder& b, Location loc, Value row, RankedTensorType sample) {
  Type type = sample.getElementType();
  if (type.isF32()) return ReshapeTo(b, loc, row, sample);
  const int64_t count = sample.getNumElements();
  auto flat = RankedTensorType::get({count}, type);
  AffineExpr n = b.getAffineDimExpr(0);
  AffineMap identity = b.getMultiDimIdentityMap(1);
  Value elements;
  if (WordsOfElement(type) == 1) {
    Value words = ReshapeTo(b, loc, row, RankedTensorType::get({count}, b.getF32Type()));
    elements =
        MapFlat(b, loc, words, {identity, identity}, flat,
                [&](OpBuilder& nested, Location at, ValueRange x) { return OfWord(nested, at, x[0], type); });
  } else {
    Value words = ReshapeTo(b, loc, row, RankedTensorType::get({count, 2}, b.getF32Type()));
    auto half = [&](int64_t at) {
      return AffineMap::get(1, 0, {n, b.getAffineConstantExpr(at)}, b.getContext());
    };
    elements = MapFlat(b, loc, {words, words}, {half(0), half(1), identity}, flat,
                       [&](OpBuilder& nested, Location at, ValueRange x) {
                         return OfTwoWords(nested, at, x[0], x[1], type);
                       });
  }
  return ReshapeTo(b, loc, elements, sample);
}

Value PackWords(OpBuilder& b, Location loc, Value value, RankedTensorType row) {
  auto sample = cast<RankedTensorType>(value.getType());
  Type type = sample.getElementType(), f32 = b.getF32Type();
  if (type.isF32()) return ReshapeTo(b, loc, value, row);
  const int64_t count = sample.getNumElements();
  Value elements = ReshapeTo(b, loc, value, RankedTensorType::get({count}, type));
  AffineMap identity = b.getMultiDimIdentityMap(1);
  if (WordsOfElement(type) == 1) {
    Value words =
        MapFlat(b, loc, elements, {identity, identity}, RankedTensorType::get({count}, f32),
                [](OpBuilder& nested, Location at, ValueRange x) { return ToWord(nested, at, x[0]); });
    return ReshapeTo(b, loc, words, row);
  }
  AffineMap element = AffineMap::get(2, 0, b.getAffineDimExpr(0), b.getContext());
  Value words = MapFlat(
      b, loc, elements, {element, b.getMultiDimIdentityMap(2)}, RankedTensorType::get({count, 2}, f32),
      [](OpBuilder& nested, Location at, ValueRange x) -> Value {
        Type i64 = nested.getI64Type();
        Value bits = x[0];
        if (bits.getType().isF64()) bits = nested.create<arith::BitcastOp>(at, i64, bits);
        Value half = nested.create<linalg::IndexOp>(at, 1);
        Value shift = nested.create<arith::MulIOp>(at, nested.create<arith::IndexCastOp>(at, i64, half),
                                                   nested.create<arith::ConstantIntOp>(at, 32, 64));
        Value word = nested.create<arith::TruncIOp>(at, nested.getI32Type(),
                                                    nested.create<arith::ShRUIOp>(at, bits, shift));
        return nested.create<arith::BitcastOp>(at, nested.getF32Type(), word);
      });
  return ReshapeTo(b, loc, words, row);
}

}  // namespace streamtensor::compiler
