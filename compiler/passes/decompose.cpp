// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/float_writer.h"
#include "compiler/passes/reference_attention.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/numerics.h"
#include "kernels/contract/tiles.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_DECOMPOSE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

constexpr StringLiteral kAppendFunction = "st_kv_append";

// Linalg generics over tensors whose first dimension may be unknown.
class TensorWriter {
 public:
  TensorWriter(OpBuilder& builder, Location loc) : b(builder), loc(loc) {}

  using Body = llvm::function_ref<Value(OpBuilder&, Location, ValueRange)>;

  Value empty(ArrayRef<OpFoldResult> sizes, Type element) {
    return b.create<tensor::EmptyOp>(loc, sizes, element);
  }

  Value filled(ArrayRef<OpFoldResult> sizes, TypedAttr value) {
    Value scalar = b.create<arith::ConstantOp>(loc, value);
    return b.create<linalg::FillOp>(loc, scalar, empty(sizes, value.getType())).getResult(0);
  }

  // `maps` list loops for each input and last the result; loops in `reduced` are reductions.
  Value generic(ArrayRef<Value> inputs, Value init, ArrayRef<SmallVector<int64_t>> maps, int64_t loops,
                ArrayRef<int64_t> reduced, Body body) {
    SmallVector<AffineMap> affine;
    for (const SmallVector<int64_t>& map : maps) {
      SmallVector<AffineExpr> results;
      for (int64_t loop : map) results.push_back(b.getAffineDimExpr(loop));
      affine.push_back(AffineMap::get(loops, 0, results, b.getContext()));
    }
    SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
    for (int64_t loop : reduced) iterators[loop] = utils::IteratorType::reduction;
    return b
        .create<linalg::GenericOp>(loc, init.getType(), inputs, init, affine, iterators,
                                   [&](OpBuilder& nested, Location at, ValueRange args) {
                                     nested.create<linalg::YieldOp>(at, body(nested, at, args));
                                   })
        .getResult(0);
  }

  OpFoldResult size(Value tensor, int64_t dimension) {
    return linalg::createFoldedDimOp(b, loc, tensor, dimension);
  }
  OpFoldResult index(int64_t value) { return b.getIndexAttr(value); }

  OpBuilder& b;
  Location loc;
};

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

Value decomposeContract(dataflow::ContractOp op, OpBuilder& builder) {
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

// Collects the numbers of the rows to take, then gathers them.
Value decomposeTakeRows(dataflow::TakeRowsOp op, OpBuilder& builder) {
  Location loc = op.getLoc();
  TensorWriter w(builder, loc);
  Value zero = builder.create<arith::ConstantIndexOp>(loc, 0);
  Value one = builder.create<arith::ConstantIndexOp>(loc, 1);
  Value tokens = getValueOrCreateConstantIndexOp(builder, loc, w.size(op.getX(), 0));
  Value rows = w.filled(w.size(op.getX(), 0), builder.getIndexAttr(0));
  auto loop = builder.create<scf::ForOp>(
      loc, zero, tokens, one, ValueRange{rows, zero},
      [&](OpBuilder& b, Location at, Value t, ValueRange args) {
        // Written whether taken or not: the next row overwrites one that is not.
        Value written = b.create<tensor::InsertOp>(at, t, args[0], args[1]);
        Value flag = b.create<tensor::ExtractOp>(at, op.getFlags(), t);
        Value none = b.create<arith::ConstantOp>(at, b.getI32IntegerAttr(0));
        Value taken = b.create<arith::CmpIOp>(at, arith::CmpIPredicate::ne, flag, none);
        Value next = b.create<arith::AddIOp>(at, args[1], one);
        Value count = b.create<arith::SelectOp>(at, taken, next, args[1]);
        b.create<scf::YieldOp>(at, ValueRange{written, count});
      });
  auto type = op.getResult().getType();
  OpFoldResult count = type.isDynamicDim(0) ? OpFoldResult(loop.getResult(1)) : w.index(type.getDimSize(0));
  Value chosen = builder.create<tensor::ExtractSliceOp>(loc, loop.getResult(0), OpFoldResult(w.index(0)),
                                                        count, OpFoldResult(w.index(1)));
  return w.generic(chosen, w.empty({count, w.index(type.getDimSize(1))}, type.getElementType()),
                   {{0}, {0, 1}}, 2, {}, [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                     Value column = nested.create<linalg::IndexOp>(at, 1);
                     return nested.create<tensor::ExtractOp>(at, op.getX(), ValueRange{args[0], column});
                   });
}

// st_kv_append(k_new, v_new, page [T] i32, row in its page [T] i32, layer): the program that runs the module
// writes them to its pools once the step is over.
func::FuncOp appendFunction(ModuleOp module) {
  if (auto function = module.lookupSymbol<func::FuncOp>(kAppendFunction)) return function;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  int64_t any = ShapedType::kDynamic;
  Type rows = RankedTensorType::get({any, any, any}, builder.getF16Type());
  Type numbers = RankedTensorType::get({any}, builder.getI32Type());
  auto function = builder.create<func::FuncOp>(
      module.getLoc(), kAppendFunction,
      builder.getFunctionType({rows, rows, numbers, numbers, builder.getIndexType()}, {}));
  function.setPrivate();
  function->setAttr("llvm.emit_c_interface", builder.getUnitAttr());
  for (unsigned i = 0; i < 4; ++i)
    function.setArgAttr(i, "bufferization.access", builder.getStringAttr("read"));
  return function;
}

void decomposeAppend(dataflow::KvAppendOp op, OpBuilder& builder) {
  Location loc = op.getLoc();
  TensorWriter w(builder, loc);
  OpFoldResult tokens = w.size(op.getKNew(), 0);
  auto numbers = [&](bool page) {
    return w.generic({op.getSlot(), op.getPosition()}, w.empty(tokens, builder.getI32Type()), {{0}, {0}, {0}},
                     1, {}, [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                       if (page) {
                         Value entry =
                             pageOf(nested, at, op.getPageTable(), op.getEffectivePageMap(), args[0],
                                    nested.create<arith::IndexCastOp>(at, nested.getIndexType(), args[1]));
                         return entry;
                       }
                       Value mask = nested.create<arith::ConstantOp>(
                           at, nested.getI32IntegerAttr(contract::kPageTokens - 1));
                       return nested.create<arith::AndIOp>(at, args[1], mask);
                     });
  };
  func::FuncOp function = appendFunction(op->getParentOfType<ModuleOp>());
  SmallVector<Value> operands = {op.getKNew(), op.getVNew(), numbers(true), numbers(false)};
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes().drop_back()))
    if (operands[i].getType() != type) operands[i] = builder.create<tensor::CastOp>(loc, type, operands[i]);
  operands.push_back(op.getLayer());
  builder.create<func::CallOp>(loc, function, operands);
}

class DecomposePass : public impl::DecomposeBase<DecomposePass> {
  void runOnOperation() override {
    SmallVector<Operation*> operations;
    getOperation()->walk([&](Operation* op) {
      if (isa<dataflow::ContractOp, dataflow::PagedAttentionOp, dataflow::TakeRowsOp, dataflow::KvAppendOp,
              dataflow::LayersOp>(op))
        operations.push_back(op);
    });
    for (Operation* op : operations) {
      OpBuilder builder(op);
      Value value;
      if (auto contract = dyn_cast<dataflow::ContractOp>(op)) value = decomposeContract(contract, builder);
      if (auto attention = dyn_cast<dataflow::PagedAttentionOp>(op))
        value = decomposePagedAttention(attention, builder);
      if (auto take = dyn_cast<dataflow::TakeRowsOp>(op)) value = decomposeTakeRows(take, builder);
      if (auto layers = dyn_cast<dataflow::LayersOp>(op))
        value = builder.create<arith::ConstantIndexOp>(op->getLoc(), static_cast<int64_t>(layers.getCount()));
      if (auto append = dyn_cast<dataflow::KvAppendOp>(op)) decomposeAppend(append, builder);
      if (value) {
        if (value.getType() != op->getResult(0).getType())
          value = builder.create<tensor::CastOp>(op->getLoc(), op->getResult(0).getType(), value);
        op->getResult(0).replaceAllUsesWith(value);
      }
      op->erase();
    }
    getOperation()->walk([&](Operation* op) {
      if (!isa_and_nonnull<dataflow::DataflowDialect>(op->getDialect())) return;
      op->emitOpError("has no reference in linalg: decompose runs on modules before they are kernels");
      signalPassFailure();
    });
  }
};

}  // namespace
}  // namespace streamtensor::compiler
