// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/integer_product.h"

#include "compiler/passes/float_writer.h"
#include "compiler/passes/tensor_writer.h"
#include "kernels/contract/numerics.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {

using namespace mlir;

namespace {

// Activations in integers: values [T x G x 32] i32, the rows' scales [T] f32, by how much each group is finer
// and its sum [T x G] i32.
struct QuantizedActivations {
  Value q, scale, shift, sum;
};

// The largest magnitude of each group, [T x G] f32.
Value largestOfGroups(TensorWriter& w, Value grouped, ArrayRef<OpFoldResult> by_group) {
  return w.generic(grouped, w.filled(by_group, w.b.getF32FloatAttr(0.0f)), {{0, 1, 2}, {0, 1}}, 3, {2},
                   [](OpBuilder& nested, Location at, ValueRange args) {
                     FloatWriter f(nested, at);
                     return f.maximum(f.absolute(args[0]), args[1]);
                   });
}

// The scales of rows with the largest values `largest`, [T] f32.
Value scalesOfRows(TensorWriter& w, Value largest, OpFoldResult tokens) {
  return w.generic(largest, w.empty({tokens}, w.b.getF32Type()), {{0}, {0}}, 1, {},
                   [](OpBuilder& nested, Location at, ValueRange args) {
                     FloatWriter f(nested, at);
                     Value none = f.less(args[0], f.constant(contract::kLeastQuantised));
                     Value scale = f.divide(args[0], f.constant(contract::kLargestQuantised));
                     return f.select(none, f.constant(0.0f), scale);
                   });
}

Value powerOf(OpBuilder& b, Location loc, Value shift) {
  FloatWriter f(b, loc);
  return f.powerOfTwo(b.create<arith::AddIOp>(loc, shift, f.integer(contract::kFloatExponentBias)));
}

QuantizedActivations quantizeActivations(TensorWriter& w, Value x) {
  OpBuilder& b = w.b;
  auto type = cast<RankedTensorType>(x.getType());
  constexpr int64_t group = contract::kGroupElements;
  int64_t groups = type.getDimSize(1) / group;
  OpFoldResult tokens = w.size(x, 0);
  SmallVector<OpFoldResult> by_group = {tokens, w.index(groups)};
  SmallVector<OpFoldResult> by_value = {tokens, w.index(groups), w.index(group)};
  Value grouped = b.create<tensor::ExpandShapeOp>(
      w.loc, RankedTensorType::get({type.getDimSize(0), groups, group}, type.getElementType()), x,
      SmallVector<ReassociationIndices>{{0}, {1, 2}}, by_value);

  Value largest = largestOfGroups(w, grouped, by_group);
  Value row_largest = w.generic(largest, w.filled({tokens}, b.getF32FloatAttr(0.0f)), {{0, 1}, {0}}, 2, {1},
                                [](OpBuilder& nested, Location at, ValueRange args) {
                                  return FloatWriter(nested, at).maximum(args[0], args[1]);
                                });
  QuantizedActivations result;
  result.scale = scalesOfRows(w, row_largest, tokens);
  result.shift =
      w.generic({largest, row_largest}, w.empty(by_group, b.getI32Type()), {{0, 1}, {0}, {0, 1}}, 2, {},
                [](OpBuilder& nested, Location at, ValueRange args) {
                  FloatWriter f(nested, at);
                  Value shift = f.integer(0);
                  for (int i = 1; i <= contract::kMaxGroupShift; ++i) {
                    Value scaled = f.multiply(args[0], f.constant(static_cast<float>(1 << i)));
                    Value fits = nested.create<arith::CmpFOp>(at, arith::CmpFPredicate::OLE, scaled, args[1]);
                    shift = f.select(fits, f.integer(i), shift);
                  }
                  return shift;
                });
  result.q = w.generic({grouped, result.scale, result.shift}, w.empty(by_value, b.getI32Type()),
                       {{0, 1, 2}, {0}, {0, 1}, {0, 1, 2}}, 3, {},
                       [](OpBuilder& nested, Location at, ValueRange args) -> Value {
                         FloatWriter f(nested, at);
                         Value zero = f.constant(0.0f);
                         Value none =
                             nested.create<arith::CmpFOp>(at, arith::CmpFPredicate::OEQ, args[1], zero);
                         Value reciprocal = f.select(none, zero, f.divide(f.constant(1.0f), args[1]));
                         Value factor = f.multiply(reciprocal, powerOf(nested, at, args[2]));
                         Value v = f.roundSmallHalfEven(f.multiply(args[0], factor));
                         Value is_number = nested.create<arith::CmpFOp>(at, arith::CmpFPredicate::ORD, v, v);
                         v = f.select(is_number, v, zero);
                         return nested.create<arith::FPToSIOp>(at, nested.getI32Type(), v);
                       });
  result.sum = w.generic(result.q, w.filled(by_group, b.getI32IntegerAttr(0)), {{0, 1, 2}, {0, 1}}, 3, {2},
                         [](OpBuilder& nested, Location at, ValueRange args) -> Value {
                           return nested.create<arith::AddIOp>(at, args[1], args[0]);
                         });
  return result;
}

// The scales of a weight in integers, [N x K/G] i32, in units of its rows; the units' biased exponents, [N]
// i32.
struct RowScales {
  Value scale, offset, exponent;
};

RowScales scaleRows(TensorWriter& w, dataflow::ContractOp op, int centre) {
  OpBuilder& b = w.b;
  SmallVector<OpFoldResult> by_group = {w.index(op.getOuter()), w.index(op.getD().getType().getDimSize(1))};
  SmallVector<Value> inputs = {op.getD()};
  SmallVector<SmallVector<int64_t>> maps = {{0, 1}, {0, 1}};
  if (op.getM()) {
    inputs.push_back(op.getM());
    maps.push_back({0, 1});
  }
  Value scale = w.generic(op.getD(), w.empty(by_group, b.getF32Type()), {{0, 1}, {0, 1}}, 2, {},
                          [](OpBuilder& nested, Location at, ValueRange args) -> Value {
                            return nested.create<arith::ExtFOp>(at, nested.getF32Type(), args[0]);
                          });
  Value offset =
      w.generic(inputs, w.empty(by_group, b.getF32Type()), maps, 2, {},
                [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                  FloatWriter f(nested, at);
                  auto widen = [&](Value v) {
                    return nested.create<arith::ExtFOp>(at, nested.getF32Type(), v).getResult();
                  };
                  Value minimum = args.size() == 3 ? widen(args[1]) : f.constant(0.0f);
                  return f.add(minimum, f.multiply(f.constant(static_cast<float>(centre)), widen(args[0])));
                });
  Value largest =
      w.generic({scale, offset}, w.filled(by_group[0], b.getF32FloatAttr(0.0f)), {{0, 1}, {0, 1}, {0}}, 2,
                {1}, [](OpBuilder& nested, Location at, ValueRange args) {
                  FloatWriter f(nested, at);
                  Value half = f.multiply(f.absolute(args[1]), f.constant(0.5f));
                  return f.maximum(half, f.maximum(f.absolute(args[0]), args[2]));
                });
  RowScales result;
  result.exponent = w.generic(largest, w.empty(by_group[0], b.getI32Type()), {{0}, {0}}, 1, {},
                              [](OpBuilder& nested, Location at, ValueRange args) -> Value {
                                FloatWriter f(nested, at);
                                Value none = nested.create<arith::CmpFOp>(at, arith::CmpFPredicate::OEQ,
                                                                          args[0], f.constant(0.0f));
                                Value below = f.integer(contract::kScaleBits - 3);
                                Value unit = nested.create<arith::SubIOp>(at, f.exponent(args[0]), below);
                                return f.select(none, f.integer(0), unit);
                              });
  const auto in_units = [&](Value values, int largest_integer) {
    return w.generic({values, result.exponent}, w.empty(by_group, b.getI32Type()), {{0, 1}, {0}, {0, 1}}, 2,
                     {}, [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                       FloatWriter f(nested, at);
                       Value reciprocal =
                           f.powerOfTwo(nested.create<arith::SubIOp>(at, f.integer(254), args[1]));
                       Value v = f.roundSmallHalfEven(f.multiply(args[0], reciprocal));
                       Value high = f.constant(static_cast<float>(largest_integer));
                       Value low = f.constant(static_cast<float>(-largest_integer));
                       v = f.select(f.less(v, low), low, v);
                       v = f.select(f.greater(v, high), high, v);
                       return nested.create<arith::FPToSIOp>(at, nested.getI32Type(), v);
                     });
  };
  result.scale = in_units(scale, contract::kLargestScale);
  result.offset = in_units(offset, contract::kLargestOffset);
  return result;
}

}  // namespace

Value WriteIntegerProduct(dataflow::ContractOp op, OpBuilder& builder) {
  TensorWriter w(builder, op.getLoc());
  bool is_unsigned = op.getQ().getType().getElementType().isInteger(4);
  int centre = contract::TileCentre(is_unsigned ? contract::kU4Bits : contract::kI8Bits);
  QuantizedActivations x = quantizeActivations(w, op.getX());
  RowScales weight = scaleRows(w, op, centre);
  OpFoldResult tokens = w.size(op.getX(), 0);
  OpFoldResult outer = w.index(op.getOuter()), groups = w.index(op.getInner() / contract::kGroupElements);
  // Groups of activations share a weight's scale.
  const int64_t tiles = op.getD().getType().getDimSize(1);
  const int64_t shared = op.getInner() / contract::kGroupElements / tiles;
  // [.. x G] as [.. x G / shared x shared].
  const auto by_tile = [&](Value values) -> Value {
    if (shared == 1) return values;
    auto type = cast<RankedTensorType>(values.getType());
    const int64_t last = type.getRank() - 1;
    SmallVector<ReassociationIndices> dimensions;
    SmallVector<int64_t> shape(type.getShape().drop_back());
    SmallVector<OpFoldResult> sizes;
    for (int64_t i = 0; i < last; ++i) {
      dimensions.push_back({i});
      sizes.push_back(w.size(values, i));
    }
    dimensions.push_back({last, last + 1});
    shape.append({tiles, shared});
    sizes.append({w.index(tiles), w.index(shared)});
    return builder.create<tensor::ExpandShapeOp>(w.loc, RankedTensorType::get(shape, type.getElementType()),
                                                 values, dimensions, sizes);
  };
  Value q = op.getQ();
  if (shared > 1) {
    auto type = cast<RankedTensorType>(q.getType());
    q = builder.create<tensor::CollapseShapeOp>(w.loc, q, SmallVector<ReassociationIndices>{{0}, {1, 2}});
    const int64_t whole = op.getInner() / contract::kGroupElements;
    q = builder.create<tensor::ExpandShapeOp>(
        w.loc, RankedTensorType::get({op.getOuter(), whole, contract::kGroupElements}, type.getElementType()),
        q, SmallVector<ReassociationIndices>{{0}, {1, 2}},
        SmallVector<OpFoldResult>{outer, groups, w.index(contract::kGroupElements)});
  }

  // Loops t, n, g, k.
  Value isum = w.generic({x.q, q}, w.filled({tokens, outer, groups}, builder.getI32IntegerAttr(0)),
                         {{0, 2, 3}, {1, 2, 3}, {0, 1, 2}}, 4, {3},
                         [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                           Type i32 = nested.getI32Type();
                           Value integer = is_unsigned
                                               ? nested.create<arith::ExtUIOp>(at, i32, args[1]).getResult()
                                               : nested.create<arith::ExtSIOp>(at, i32, args[1]).getResult();
                           Value zero = FloatWriter(nested, at).integer(centre);
                           Value from_centre = nested.create<arith::SubIOp>(at, integer, zero);
                           Value product = nested.create<arith::MulIOp>(at, args[0], from_centre);
                           return nested.create<arith::AddIOp>(at, args[2], product);
                         });

  // Loops t, n, g, or t, n, tile, g of the tile: acc + (scale*isum + offset*asum) * 2^(3 - shift), exact.
  SmallVector<SmallVector<int64_t>> maps = {{0, 1, 2}, {1, 2}, {1, 2}, {0, 2}, {0, 2}, {0, 1}};
  SmallVector<int64_t> reduced = {2};
  if (shared > 1) {
    for (int index : {0, 3, 4}) maps[index].push_back(3);
    reduced.push_back(3);
  }
  Value acc = w.generic({by_tile(isum), weight.scale, weight.offset, by_tile(x.sum), by_tile(x.shift)},
                        w.filled({tokens, outer}, builder.getI64IntegerAttr(0)), maps,
                        static_cast<int64_t>(2 + reduced.size()), reduced,
                        [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                          auto widen = [&](Value v) {
                            return nested.create<arith::ExtSIOp>(at, nested.getI64Type(), v).getResult();
                          };
                          Value product = nested.create<arith::MulIOp>(at, args[1], args[0]);
                          Value offset = nested.create<arith::MulIOp>(at, args[2], args[3]);
                          Value term = nested.create<arith::AddIOp>(at, product, offset);
                          Value most = FloatWriter(nested, at).integer(contract::kMaxGroupShift);
                          Value left = nested.create<arith::SubIOp>(at, most, args[4]);
                          Value shifted = nested.create<arith::ShLIOp>(at, widen(term), widen(left));
                          return nested.create<arith::AddIOp>(at, args[5], shifted);
                        });

  // Loops t, n.
  return w.generic({acc, weight.exponent, x.scale}, w.empty({tokens, outer}, builder.getF32Type()),
                   {{0, 1}, {1}, {0}, {0, 1}}, 2, {},
                   [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                     FloatWriter f(nested, at);
                     Value whole = nested.create<arith::SIToFPOp>(at, nested.getF32Type(), args[0]);
                     Value finer = f.constant(1.0f / static_cast<float>(1 << contract::kMaxGroupShift));
                     Value in_units = f.multiply(whole, f.powerOfTwo(args[1]));
                     return f.multiply(in_units, f.multiply(args[2], finer));
                   });
}

}  // namespace streamtensor::compiler
