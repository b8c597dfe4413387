// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/linalg_decoder_graph.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::Location;
using mlir::OpBuilder;
using mlir::RankedTensorType;
using mlir::Value;
using mlir::ValueRange;

void LinalgDecoderGraph::Enter(OpBuilder::InsertPoint where, DecoderFunction function) {
  builder_.restoreInsertionPoint(where);
  function_ = std::move(function);
  values_.clear();
  attention_ = {};
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Import(Value value) {
  values_.push_back(value);
  return {static_cast<int>(values_.size()) - 1};
}

Value LinalgDecoderGraph::ValueOf(Tensor tensor) const {
  assert(tensor.index >= 0 && static_cast<size_t>(tensor.index) < values_.size());
  return values_[tensor.index];
}

Value LinalgDecoderGraph::Weight(std::string_view name) const {
  return function_.weight(name, WeightPart::kValue);
}

QuantisedMatrix LinalgDecoderGraph::MatrixNamed(std::string_view name) const {
  return {function_.weight(name, WeightPart::kQ), function_.weight(name, WeightPart::kD),
          function_.weight(name, WeightPart::kM)};
}

Value LinalgDecoderGraph::TableRow(OpBuilder& b, Location location, Value position) {
  return b.create<mlir::arith::IndexCastOp>(location, b.getIndexType(), position);
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::EmbedTokens(std::string_view matrix) {
  return Import(linalg_.Gather(MatrixNamed(matrix), function_.token_ids));
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::EmbedPositions(std::string_view table) {
  Value values = Weight(table);
  const int64_t width = llvm::cast<RankedTensorType>(values.getType()).getDimSize(1);
  const AffineMap token = AffineMap::get(2, 0, {builder_.getAffineDimExpr(0)}, builder_.getContext());
  return Import(linalg_.Elementwise(
      {linalg_.Size(function_.positions, 0), builder_.getIndexAttr(width)}, f32(), function_.positions, token,
      [&](OpBuilder& b, Location location, ValueRange in) -> Value {
        Value row = TableRow(b, location, in[0]);
        Value column = b.create<mlir::linalg::IndexOp>(location, 1);
        return b.create<mlir::tensor::ExtractOp>(location, values, ValueRange{row, column});
      }));
}

Value LinalgDecoderGraph::InverseRoot(Value x, float epsilon) {
  Value squares = linalg_.SumRows(x, [](OpBuilder& b, Location location, ValueRange in) -> Value {
    return b.create<mlir::arith::MulFOp>(location, in[0], in[0]);
  });
  const int64_t width = llvm::cast<RankedTensorType>(x.getType()).getShape().back();
  return linalg_.Pointwise(f32(), squares, [&](OpBuilder& b, Location location, ValueRange in) -> Value {
    Value factor = FloatConstant(b, location, 1.0f / static_cast<float>(width));
    Value mean = b.create<mlir::arith::MulFOp>(location, in[0], factor);
    Value safe = b.create<mlir::arith::AddFOp>(location, mean, FloatConstant(b, location, epsilon));
    return b.create<mlir::math::RsqrtOp>(location, safe);
  });
}

Value LinalgDecoderGraph::SubtractMean(Value x) {
  Value sums = linalg_.SumRows(x, [](OpBuilder&, Location, ValueRange in) -> Value { return in[0]; });
  const int64_t width = llvm::cast<RankedTensorType>(x.getType()).getShape().back();
  Value means = linalg_.Pointwise(f32(), sums, [&](OpBuilder& b, Location location, ValueRange in) -> Value {
    Value factor = FloatConstant(b, location, 1.0f / static_cast<float>(width));
    return b.create<mlir::arith::MulFOp>(location, in[0], factor);
  });
  return linalg_.Rowwise(x, {means}, {}, [](OpBuilder& b, Location location, ValueRange in) -> Value {
    return b.create<mlir::arith::SubFOp>(location, in[0], in[1]);
  });
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Normalize(Tensor x, const Norm& norm) {
  Value values = ValueOf(x);
  if (norm.heads > 1) {
    const int64_t width = llvm::cast<RankedTensorType>(values.getType()).getDimSize(1);
    values = SplitHeads(values, norm.heads, width / norm.heads);
  }
  if (norm.kind == NormKind::kLayer) values = SubtractMean(values);
  llvm::SmallVector<Value> columns;
  for (std::string_view name : {norm.weight, norm.bias}) {
    if (!name.empty()) columns.push_back(Weight(name));
  }
  const bool has_weight = !norm.weight.empty();
  Value normalised = linalg_.Rowwise(values, {InverseRoot(values, norm.epsilon)}, columns,
                                     [&](OpBuilder& b, Location location, ValueRange in) -> Value {
                                       Value normal = b.create<mlir::arith::MulFOp>(location, in[0], in[1]);
                                       if (has_weight)
                                         normal = b.create<mlir::arith::MulFOp>(location, normal, in[2]);
                                       if (!norm.bias.empty())
                                         normal = b.create<mlir::arith::AddFOp>(location, normal, in.back());
                                       return normal;
                                     });
  return Import(norm.heads > 1 ? linalg_.Collapse(normalised, {{0}, {1, 2}}) : normalised);
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Project(Tensor x, std::string_view matrix,
                                                       std::string_view bias) {
  Value product = linalg_.MatMulTransposed(ValueOf(x), linalg_.Dequantise(MatrixNamed(matrix)));
  Value addend = bias.empty() ? Value() : Weight(bias);
  if (!addend) return Import(product);
  return Import(
      linalg_.Rowwise(product, {}, {addend}, [](OpBuilder& b, Location location, ValueRange in) -> Value {
        return b.create<mlir::arith::AddFOp>(location, in[0], in[1]);
      }));
}

Value LinalgDecoderGraph::TableValue(OpBuilder& b, Location location, std::string_view table,
                                     std::string_view local_table, const std::vector<bool>& is_local,
                                     ValueRange indices) {
  const auto value_of = [&](std::string_view name) -> Value {
    return b.create<mlir::tensor::ExtractOp>(location, Weight(name), indices);
  };
  if (std::find(is_local.begin(), is_local.end(), true) == is_local.end()) return value_of(table);
  Value values[] = {value_of(table), value_of(local_table)};
  // One choice for each run of layers that are alike.
  Value result = values[is_local[0]];
  for (size_t layer = 1; layer < is_local.size(); ++layer) {
    if (is_local[layer] == is_local[layer - 1]) continue;
    Value first = b.create<mlir::arith::ConstantIndexOp>(location, static_cast<int64_t>(layer));
    Value is_before =
        b.create<mlir::arith::CmpIOp>(location, mlir::arith::CmpIPredicate::ult, function_.layer, first);
    result = b.create<mlir::arith::SelectOp>(location, is_before, result, values[is_local[layer]]);
  }
  return result;
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Rotate(Tensor x, const Rope& rope) {
  const int64_t pairs = rope.head_dim / 2;
  // Dimension of the pair's two members within [T, heads, ., .], and of the pair's number.
  const unsigned member_dim = rope.pairs == RopePairs::kInterleaved ? 3 : 2;
  const unsigned pair_dim = 5 - member_dim;
  llvm::SmallVector<int64_t, 3> inner = {rope.heads, pairs, pairs};
  inner[member_dim - 1] = 2;
  Value split = linalg_.Expand(ValueOf(x), {{0}, {1, 2, 3}}, inner);
  const auto member = [&](int64_t which) {
    llvm::SmallVector<AffineExpr> exprs;
    for (unsigned i = 0; i < 4; ++i) exprs.push_back(builder_.getAffineDimExpr(i));
    exprs[member_dim] = builder_.getAffineConstantExpr(which);
    return AffineMap::get(4, 0, exprs, builder_.getContext());
  };
  const AffineMap token = AffineMap::get(4, 0, {builder_.getAffineDimExpr(0)}, builder_.getContext());
  const auto rotate = [&](OpBuilder& b, Location location, ValueRange in) -> Value {
    Value row = TableRow(b, location, in[2]);
    Value pair = b.create<mlir::linalg::IndexOp>(location, pair_dim);
    Value which = b.create<mlir::linalg::IndexOp>(location, member_dim);
    Value c = TableValue(b, location, rope.cosines, rope.local_cosines, rope.is_local, {row, pair});
    Value s = TableValue(b, location, rope.sines, rope.local_sines, rope.is_local, {row, pair});
    // One by one, so that the text of the module doesn't depend on C++'s order of evaluation.
    const auto product = [&](Value x, Value y) {
      return b.create<mlir::arith::MulFOp>(location, x, y).getResult();
    };
    Value first_cos = product(in[0], c);
    Value second_sin = product(in[1], s);
    Value first = b.create<mlir::arith::SubFOp>(location, first_cos, second_sin);
    Value first_sin = product(in[0], s);
    Value second_cos = product(in[1], c);
    Value second = b.create<mlir::arith::AddFOp>(location, first_sin, second_cos);
    Value zero = b.create<mlir::arith::ConstantIndexOp>(location, 0);
    Value is_first = b.create<mlir::arith::CmpIOp>(location, mlir::arith::CmpIPredicate::eq, which, zero);
    return b.create<mlir::arith::SelectOp>(location, is_first, first, second);
  };
  Value rotated = linalg_.Elementwise(linalg_.Sizes(split), f32(), {split, split, function_.positions},
                                      {member(0), member(1), token}, rotate);
  return Import(linalg_.Collapse(rotated, {{0}, {1}, {2, 3}}));
}

Value LinalgDecoderGraph::SplitHeads(Value x, int64_t heads, int64_t head_dim) {
  if (llvm::cast<RankedTensorType>(x.getType()).getRank() == 3) return x;  // Rotate() has split them
  return linalg_.Expand(x, {{0}, {1, 2}}, {heads, head_dim});
}

Value LinalgDecoderGraph::ToHalf(Value x) {
  return linalg_.Pointwise(builder_.getF16Type(), x,
                           [](OpBuilder& b, Location location, ValueRange in) -> Value {
                             return b.create<mlir::arith::TruncFOp>(location, b.getF16Type(), in[0]);
                           });
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Attend(Tensor queries, Tensor keys, Tensor values,
                                                      const Attention& attention) {
  assert(!attention_ && "a layer attends once");
  Value q = SplitHeads(ValueOf(queries), attention.query_heads, attention.head_dim);
  new_keys_ = ToHalf(SplitHeads(ValueOf(keys), attention.kv_heads, attention.head_dim));
  new_values_ = ToHalf(SplitHeads(ValueOf(values), attention.kv_heads, attention.head_dim));
  const AffineMap kv_head_map =
      AffineMap::get(1, 0, builder_.getAffineDimExpr(0).floorDiv(attention.query_heads / attention.kv_heads));
  attention_ = builder_.create<dataflow::PagedAttentionOp>(
      loc(), q.getType(), q, new_keys_, new_values_, function_.k_pool, function_.v_pool, function_.page_table,
      function_.slots, function_.positions, function_.starts, function_.layer,
      builder_.getF32FloatAttr(attention.scale), mlir::AffineMapAttr::get(kv_head_map),
      mlir::AffineMapAttr::get(builder_.getMultiDimIdentityMap(1)), builder_.getI64IntegerAttr(0),
      /*windows=*/mlir::DenseI64ArrayAttr());
  if (!attention.windows.empty()) attention_.setWindows(attention.windows);
  return Import(linalg_.Collapse(attention_.getResult(), {{0}, {1, 2}}));
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Activate(Tensor x, Activation activation) {
  const auto relu = [](OpBuilder& b, Location location, ValueRange in) -> Value {
    return b.create<mlir::arith::MaximumFOp>(location, in[0], FloatConstant(b, location, 0));
  };
  const auto silu = [](OpBuilder& b, Location location, ValueRange in) -> Value {
    Value negative = b.create<mlir::arith::NegFOp>(location, in[0]);
    Value exponential = b.create<mlir::math::ExpOp>(location, negative);
    Value sum = b.create<mlir::arith::AddFOp>(location, FloatConstant(b, location, 1), exponential);
    return b.create<mlir::arith::DivFOp>(location, in[0], sum);
  };
  const auto gelu_tanh = [](OpBuilder& b, Location location, ValueRange in) -> Value {
    const auto product = [&](Value x, Value y) {
      return b.create<mlir::arith::MulFOp>(location, x, y).getResult();
    };
    Value cube = product(product(in[0], in[0]), in[0]);
    Value small = product(cube, FloatConstant(b, location, 0.044715f));
    Value sum = b.create<mlir::arith::AddFOp>(location, in[0], small);
    Value argument = product(sum, FloatConstant(b, location, static_cast<float>(std::sqrt(2 / M_PI))));
    Value tanh = b.create<mlir::math::TanhOp>(location, argument);
    Value share = b.create<mlir::arith::AddFOp>(location, tanh, FloatConstant(b, location, 1));
    Value half = product(in[0], FloatConstant(b, location, 0.5f));
    return product(half, share);
  };
  switch (activation) {
    case Activation::kRelu:
      return Import(linalg_.Pointwise(f32(), ValueOf(x), relu));
    case Activation::kSilu:
      return Import(linalg_.Pointwise(f32(), ValueOf(x), silu));
    case Activation::kGeluTanh:
      return Import(linalg_.Pointwise(f32(), ValueOf(x), gelu_tanh));
  }
  return x;
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Add(Tensor a, Tensor b) {
  return Import(linalg_.Add(ValueOf(a), ValueOf(b)));
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Multiply(Tensor a, Tensor b) {
  return Import(linalg_.Pointwise(f32(), {ValueOf(a), ValueOf(b)},
                                  [](OpBuilder& b, Location location, ValueRange in) -> Value {
                                    return b.create<mlir::arith::MulFOp>(location, in[0], in[1]);
                                  }));
}

LinalgDecoderGraph::Tensor LinalgDecoderGraph::Scale(Tensor x, float factor) {
  return Import(
      linalg_.Pointwise(f32(), ValueOf(x), [&](OpBuilder& b, Location location, ValueRange in) -> Value {
        return b.create<mlir::arith::MulFOp>(location, in[0], FloatConstant(b, location, factor));
      }));
}

}  // namespace streamtensor::compiler
