// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/reference_attention.h"

#include <limits>

#include "compiler/passes/float_writer.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/numerics.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {

using namespace mlir;

Value pageOf(OpBuilder& b, Location loc, Value page_table, AffineMap page_map, Value slot, Value position) {
  Value row = b.create<arith::IndexCastOp>(loc, b.getIndexType(), slot);
  Value page =
      b.create<arith::DivUIOp>(loc, position, b.create<arith::ConstantIndexOp>(loc, contract::kPageTokens));
  Value column = affine::makeComposedAffineApply(b, loc, page_map, {page});
  Value columns = b.create<tensor::DimOp>(loc, page_table, 1);
  Value last = b.create<arith::SubIOp>(loc, columns, b.create<arith::ConstantIndexOp>(loc, 1));
  column = b.create<arith::MinUIOp>(loc, column, last);
  return b.create<tensor::ExtractOp>(loc, page_table, ValueRange{row, column});
}

namespace {

// Keys or values: rows below `start` lie in pages, the others among this step's.
struct Rows {
  Value pool;
  Value fresh;
};

class Attention {
 public:
  Attention(dataflow::PagedAttentionOp op, OpBuilder& builder) : op_(op), b_(builder), loc_(op.getLoc()) {
    head_size_ = op.getQ().getType().getDimSize(2);
  }

  Value write() {
    zero_ = index(0);
    one_ = index(1);
    auto type = op_.getQ().getType();
    Value result =
        b_.create<tensor::EmptyOp>(loc_, tensor::getMixedSizes(b_, loc_, op_.getQ()), b_.getF32Type());
    Value tokens = b_.create<tensor::DimOp>(loc_, op_.getQ(), 0);
    Value heads = index(type.getDimSize(1));
    return loop(zero_, tokens, result, [&](Value t, ValueRange outer) -> SmallVector<Value> {
      beginToken(t, tokens);
      return {loop(zero_, heads, outer[0], [&](Value h, ValueRange inner) -> SmallVector<Value> {
        return {head(t, h, inner[0])};
      })[0]};
    })[0];
  }

 private:
  using Body = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;

  Value index(int64_t value) { return b_.create<arith::ConstantIndexOp>(loc_, value); }
  Value field(Value tensor, Value t) {
    return b_.create<arith::IndexCastOp>(loc_, b_.getIndexType(),
                                         b_.create<tensor::ExtractOp>(loc_, tensor, t));
  }
  Value sum(Value a, Value b) { return b_.create<arith::AddIOp>(loc_, a, b); }
  Value difference(Value a, Value b) { return b_.create<arith::SubIOp>(loc_, a, b); }
  Value less(Value a, Value b) { return b_.create<arith::CmpIOp>(loc_, arith::CmpIPredicate::slt, a, b); }

  SmallVector<Value> loop(Value from, Value to, ValueRange carried, Body body) {
    auto op = b_.create<scf::ForOp>(loc_, from, to, one_, carried);
    OpBuilder::InsertionGuard guard(b_);
    // A loop that carries nothing has its terminator already; ours all carry.
    b_.setInsertionPointToStart(op.getBody());
    SmallVector<Value> values = body(op.getInductionVar(), op.getRegionIterArgs());
    b_.create<scf::YieldOp>(loc_, values);
    return op.getResults();
  }

  // `body` written twice, for keys and values that lie in pages and for this step's own.
  SmallVector<Value> eitherSource(Value j, TypeRange types,
                                  llvm::function_ref<SmallVector<Value>(bool paged)> body) {
    auto op =
        b_.create<scf::IfOp>(loc_, types, less(j, start_), /*addThenBlock=*/true, /*addElseBlock=*/true);
    OpBuilder::InsertionGuard guard(b_);
    for (bool paged : {true, false}) {
      b_.setInsertionPointToStart(paged ? op.thenBlock() : op.elseBlock());
      SmallVector<Value> values = body(paged);
      b_.create<scf::YieldOp>(loc_, values);
    }
    return op.getResults();
  }

  // What all heads of a token share: its position, where its sequence starts in this step, and how many
  // positions it sees.
  void beginToken(Value t, Value tokens) {
    slot_ = b_.create<tensor::ExtractOp>(loc_, op_.getSlot(), t);
    position_ = field(op_.getPosition(), t);
    start_ = field(op_.getStart(), t);
    // Tokens of this sequence in the step: no position after the last of them is written.
    Value count = loop(zero_, tokens, zero_, [&](Value other, ValueRange carried) -> SmallVector<Value> {
      Value same = b_.create<arith::CmpIOp>(loc_, arith::CmpIPredicate::eq,
                                            b_.create<tensor::ExtractOp>(loc_, op_.getSlot(), other), slot_);
      return {b_.create<arith::SelectOp>(loc_, same, sum(carried[0], one_), carried[0])};
    })[0];
    Value seen = sum(position_, index(1 + static_cast<int64_t>(op_.getMaskOffset())));
    seen = b_.create<arith::MinSIOp>(loc_, seen, sum(start_, count));
    seen_ = b_.create<arith::MaxSIOp>(loc_, seen, zero_);
    begin_ = windowBegin();
    // The step's row that holds position `start`.
    first_row_ = difference(t, difference(position_, start_));
  }

  // The first position within the layer's window.
  Value windowBegin() {
    if (!op_.getWindows()) return zero_;
    ArrayRef<int64_t> windows = *op_.getWindows();
    const auto begin = [&](int64_t window) {
      if (window == 0) return zero_;
      Value end = sum(position_, index(1 + static_cast<int64_t>(op_.getMaskOffset())));
      return b_.create<arith::MaxSIOp>(loc_, difference(end, index(window)), zero_).getResult();
    };
    Value result = begin(windows[0]);
    for (size_t layer = 1; layer < windows.size(); ++layer) {
      if (windows[layer] == windows[layer - 1]) continue;
      Value before = less(op_.getLayer(), index(static_cast<int64_t>(layer)));
      result = b_.create<arith::SelectOp>(loc_, before, result, begin(windows[layer]));
    }
    return result;
  }

  // Page by page: the page's scores, their weights against the largest score so far, and the sums of weights
  // and weighed values, which are rescaled when that score grows.
  Value head(Value t, Value h, Value result) {
    Value kv_head = affine::makeComposedAffineApply(b_, loc_, op_.getKvHeadMap(), {h});
    Value rows = index(contract::kPageTokens);
    Value sees = less(begin_, seen_);
    Value first = b_.create<arith::DivUIOp>(loc_, begin_, rows);
    Value last = b_.create<arith::CeilDivUIOp>(loc_, seen_, rows);
    last = b_.create<arith::SelectOp>(loc_, sees, last, first);
    SmallVector<Value> start = {FloatWriter(b_, loc_).constant(-std::numeric_limits<float>::infinity()),
                                filled({contract::kRowPartials}),
                                filled({contract::kRowPartials, head_size_})};
    SmallVector<Value> sums = loop(first, last, start, [&](Value page, ValueRange carried) {
      Value low = b_.create<arith::MulIOp>(loc_, page, rows);
      Value high = b_.create<arith::MinSIOp>(loc_, sum(low, rows), seen_);
      low = b_.create<arith::MaxSIOp>(loc_, low, begin_);
      return addPage(t, h, kv_head, low, high, carried);
    });
    SmallVector<Value> partials;
    for (int64_t lane = 0; lane < contract::kRowPartials; ++lane)
      partials.push_back(b_.create<tensor::ExtractOp>(loc_, sums[1], index(lane)));
    FloatWriter w(b_, loc_);
    Value reciprocal = w.divide(w.constant(1.0f), w.tree(partials));
    return scaled(t, h, sums[2], reciprocal, result);
  }

  // Positions low..high-1, those of one page. `carried`: the largest score, the partial sums of weights and
  // those of weighed values.
  SmallVector<Value> addPage(Value t, Value h, Value kv_head, Value low, Value high, ValueRange carried) {
    Value rows = index(contract::kPageTokens);
    Value scale = FloatWriter(b_, loc_).constant(op_.getScale().convertToFloat());
    SmallVector<Value> scored = loop(low, high, {filled({contract::kPageTokens}), carried[0]},
                                     [&](Value j, ValueRange inner) -> SmallVector<Value> {
                                       Value score =
                                           FloatWriter(b_, loc_).multiply(scale, dot(t, h, kv_head, j));
                                       Value row = b_.create<arith::RemUIOp>(loc_, j, rows);
                                       Value stored = b_.create<tensor::InsertOp>(loc_, score, inner[0], row);
                                       return {stored, FloatWriter(b_, loc_).maximum(score, inner[1])};
                                     });
    FloatWriter f(b_, loc_);
    Value factor = f.exponential(f.subtract(carried[0], scored[1]));
    SmallVector<Value> kept = {multiplied(carried[1], factor), multiplied(carried[2], factor)};
    SmallVector<Value> added = loop(low, high, kept, [&](Value j, ValueRange inner) -> SmallVector<Value> {
      FloatWriter w(b_, loc_);
      Value row = b_.create<arith::RemUIOp>(loc_, j, rows);
      Value score = b_.create<tensor::ExtractOp>(loc_, scored[0], row);
      Value weight = w.exponential(w.subtract(score, scored[1]));
      Value lane = b_.create<arith::RemUIOp>(loc_, j, index(contract::kRowPartials));
      Value partial = w.add(b_.create<tensor::ExtractOp>(loc_, inner[0], lane), weight);
      return {b_.create<tensor::InsertOp>(loc_, partial, inner[0], lane), mix(j, weight, kv_head, inner[1])};
    });
    return {scored[1], added[0], added[1]};
  }

  Value filled(ArrayRef<int64_t> shape) {
    Value zero = b_.create<arith::ConstantOp>(loc_, b_.getF32FloatAttr(0.0f));
    Value empty = b_.create<tensor::EmptyOp>(loc_, shape, b_.getF32Type());
    return b_.create<linalg::FillOp>(loc_, zero, empty).getResult(0);
  }

  // Every element of `values` times `factor`.
  Value multiplied(Value values, Value factor) {
    auto type = cast<RankedTensorType>(values.getType());
    Value empty = b_.create<tensor::EmptyOp>(loc_, type.getShape(), type.getElementType());
    AffineMap identity = b_.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    return b_
        .create<linalg::GenericOp>(loc_, type, values, empty, ArrayRef<AffineMap>{identity, identity},
                                   iterators,
                                   [&](OpBuilder& nested, Location at, ValueRange args) {
                                     Value product = FloatWriter(nested, at).multiply(args[0], factor);
                                     nested.create<linalg::YieldOp>(at, product);
                                   })
        .getResult(0);
  }

  // Element d (index) of row j of keys or values, widened. `page` and `row` are those of j.
  Value element(const Rows& rows, bool paged, Value page, Value row, Value kv_head, Value d) {
    Value half = paged ? b_.create<tensor::ExtractOp>(loc_, rows.pool,
                                                      ValueRange{page, op_.getLayer(), kv_head, row, d})
                       : b_.create<tensor::ExtractOp>(loc_, rows.fresh, ValueRange{row, kv_head, d});
    return b_.create<arith::ExtFOp>(loc_, b_.getF32Type(), half);
  }

  // Page and row of position j: in a page, or (page unused) in the step.
  std::pair<Value, Value> locate(bool paged, Value j) {
    if (!paged) return {zero_, sum(first_row_, difference(j, start_))};
    Value page = pageOf(b_, loc_, op_.getPageTable(), op_.getEffectivePageMap(), slot_, j);
    page = b_.create<arith::IndexCastOp>(loc_, b_.getIndexType(), page);
    return {page, b_.create<arith::RemUIOp>(loc_, j, index(contract::kPageTokens))};
  }

  // Float sum of q[t,h,d] * k[j,d] over d.
  Value dot(Value t, Value h, Value kv_head, Value j) {
    return eitherSource(j, b_.getF32Type(), [&](bool paged) -> SmallVector<Value> {
      auto [page, row] = locate(paged, j);
      auto term = [&, page = page, row = row](Value d, Value partial) {
        Value q = b_.create<tensor::ExtractOp>(loc_, op_.getQ(), ValueRange{t, h, d});
        Value k = element({op_.getKPool(), op_.getKNew()}, paged, page, row, kv_head, d);
        FloatWriter w(b_, loc_);
        return w.add(partial, w.multiply(q, k));
      };
      SmallVector<Value> partials(contract::kSumPartials, FloatWriter(b_, loc_).constant(0.0f));
      int64_t whole = head_size_ / contract::kSumPartials;
      partials = loop(zero_, index(whole), partials, [&](Value i, ValueRange carried) -> SmallVector<Value> {
        Value base = b_.create<arith::MulIOp>(loc_, i, index(contract::kSumPartials));
        SmallVector<Value> next;
        for (int64_t lane = 0; lane < contract::kSumPartials; ++lane)
          next.push_back(term(sum(base, index(lane)), carried[lane]));
        return next;
      });
      for (int64_t lane = 0; lane < head_size_ % contract::kSumPartials; ++lane)
        partials[lane] = term(index(whole * contract::kSumPartials + lane), partials[lane]);
      return {FloatWriter(b_, loc_).tree(partials)};
    })[0];
  }

  // [8 x D] partial sums, weight * v[j][d] added to those of j.
  Value mix(Value j, Value weight, Value kv_head, Value partials) {
    Value lane = b_.create<arith::RemUIOp>(loc_, j, index(contract::kRowPartials));
    return eitherSource(j, partials.getType(), [&](bool paged) -> SmallVector<Value> {
      auto [page, row] = locate(paged, j);
      return loop(zero_, index(head_size_), partials,
                  [&, page = page, row = row](Value d, ValueRange acc) -> SmallVector<Value> {
                    Value v = element({op_.getVPool(), op_.getVNew()}, paged, page, row, kv_head, d);
                    FloatWriter w(b_, loc_);
                    Value before = b_.create<tensor::ExtractOp>(loc_, acc[0], ValueRange{lane, d});
                    Value next = w.add(before, w.multiply(weight, v));
                    return {b_.create<tensor::InsertOp>(loc_, next, acc[0], ValueRange{lane, d})};
                  });
    })[0];
  }

  // result[t,h,:] = the tree of the partial sums, times `reciprocal`; +0 for a token that sees nothing.
  Value scaled(Value t, Value h, Value partials, Value reciprocal, Value result) {
    Value sees = less(begin_, seen_);
    return loop(zero_, index(head_size_), result, [&](Value d, ValueRange carried) -> SmallVector<Value> {
      FloatWriter w(b_, loc_);
      SmallVector<Value> lanes;
      for (int64_t lane = 0; lane < contract::kRowPartials; ++lane)
        lanes.push_back(b_.create<tensor::ExtractOp>(loc_, partials, ValueRange{index(lane), d}));
      Value value = w.select(sees, w.multiply(w.tree(lanes), reciprocal), w.constant(0.0f));
      return {b_.create<tensor::InsertOp>(loc_, value, carried[0], ValueRange{t, h, d})};
    })[0];
  }

  dataflow::PagedAttentionOp op_;
  OpBuilder& b_;
  Location loc_;
  int64_t head_size_;
  Value zero_, one_;
  Value slot_, position_, start_, seen_, begin_, first_row_;
};

}  // namespace

Value decomposePagedAttention(dataflow::PagedAttentionOp op, OpBuilder& builder) {
  return Attention(op, builder).write();
}

}  // namespace streamtensor::compiler
