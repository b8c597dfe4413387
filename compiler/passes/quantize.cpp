// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/dequantization.h"
#include "kernels/contract/tiles.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_QUANTIZE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

// A two-dimensional operand of a product, seen through reshapes and transpositions.
struct Source {
  Value value;              // what lies behind
  bool transposed = false;  // the operand is its transposition
};

// The value that `op` transposes, or null.
Value transposedBy(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 || op.getNumLoops() != 2 ||
      op.getNumParallelLoops() != 2)
    return {};
  Operation* yield = op.getBlock()->getTerminator();
  if (yield->getOperand(0) != op.getBlock()->getArgument(0)) return {};
  AffineMap in = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!in.isPermutation() || !out.isPermutation() || in == out) return {};
  return op.getDpsInputOperand(0)->get();
}

Source trace(Value value) {
  Source source{value};
  while (Operation* op = source.value.getDefiningOp()) {
    if (auto linalg_op = dyn_cast<linalg::LinalgOp>(op)) {
      Value inner = transposedBy(linalg_op);
      if (!inner) break;
      source.value = inner;
      source.transposed = !source.transposed;
    } else if (auto cast_op = dyn_cast<tensor::CastOp>(op)) {
      source.value = cast_op.getSource();
    } else {
      break;
    }
  }
  return source;
}

// The dequantisation behind a [N x K] (or [N x K/32 x 32]) value.
std::optional<Dequantization> dequantizationOf(Value value) {
  if (auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>()) {
    if (collapse.getSrcType().getRank() != 3 || collapse.getResultType().getRank() != 2 ||
        collapse.getReassociationIndices()[0].size() != 1)
      return std::nullopt;
    value = collapse.getSrc();
  }
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  return generic ? matchDequantization(generic) : std::nullopt;
}

// The name of the float32 weight that `value` is, followed through views and calls; "" when it is none.
std::string weightName(Value value, int depth = 0) {
  while (Operation* op = value.getDefiningOp()) {
    if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp, tensor::CastOp>(op)) {
      value = op->getOperand(0);
      continue;
    }
    if (auto linalg_op = dyn_cast<linalg::LinalgOp>(op)) {
      if (Value inner = transposedBy(linalg_op)) {
        value = inner;
        continue;
      }
    }
    Attribute constant;
    return matchPattern(value, m_Constant(&constant)) ? "a constant" : "";
  }
  auto argument = cast<BlockArgument>(value);
  auto function = dyn_cast_or_null<func::FuncOp>(argument.getOwner()->getParentOp());
  if (!function || depth > 8) return "";
  if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "dataflow.weight"))
    return name.str();
  auto module = function->getParentOfType<ModuleOp>();
  std::string found;
  module.walk([&](func::CallOp call) {
    if (found.empty() && call.getCallee() == function.getSymName())
      found = weightName(call.getOperand(argument.getArgNumber()), depth + 1);
  });
  return found;
}

bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_PosZeroFloat());
  return matchPattern(value, m_PosZeroFloat());
}

// A product of two float32 operands summed over at least one index.
bool isProduct(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0 ||
      !op.hasPureTensorSemantics())
    return false;
  auto type = cast<RankedTensorType>(op.getDpsInits()[0].getType());
  return type.getElementType().isF32() && linalg::isaContractionOpInterface(op);
}

// The loop that each result of a map names; empty if one is not a plain loop.
SmallVector<unsigned> loopsOf(AffineMap map) {
  SmallVector<unsigned> loops;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim) return {};
    loops.push_back(dim.getPosition());
  }
  return loops;
}

// The number of rows is asked of what the rows come from: each other user of a product is then one of its
// values.
struct RowsOfSource : OpRewritePattern<tensor::DimOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::DimOp dim, PatternRewriter& rewriter) const override {
    if (dim.getConstantIndex() != 0) return failure();
    Value source = dim.getSource(), rows;
    if (auto contract = source.getDefiningOp<dataflow::ContractOp>()) rows = contract.getX();
    if (auto attention = source.getDefiningOp<dataflow::PagedAttentionOp>()) rows = attention.getQ();
    if (auto collapse = source.getDefiningOp<tensor::CollapseShapeOp>())
      if (collapse.getReassociationIndices()[0].size() == 1) rows = collapse.getSrc();
    if (auto expand = source.getDefiningOp<tensor::ExpandShapeOp>())
      if (expand.getReassociationIndices()[0].size() == 1) rows = expand.getSrc();
    if (!rows) return failure();
    rewriter.modifyOpInPlace(dim, [&] { dim.getSourceMutable().set(rows); });
    return success();
  }
};

class QuantizePass : public impl::QuantizeBase<QuantizePass> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> products;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (isProduct(op) && !op->getParentOfType<dataflow::KernelOp>()) products.push_back(op);
    });
    bool ok = true;
    for (linalg::LinalgOp op : products) ok &= succeeded(rewrite(op));
    if (!ok) return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    patterns.add<RowsOfSource>(&getContext());
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) signalPassFailure();
  }

  LogicalResult rewrite(linalg::LinalgOp op) {
    for (unsigned weight : {1u, 0u}) {
      Value operand = op.getDpsInputs()[weight];
      Source source = trace(operand);
      if (std::optional<Dequantization> found = dequantizationOf(source.value)) {
        bool grouped = isa<linalg::GenericOp>(source.value.getDefiningOp());
        return contract(op, weight, *found, source.transposed, grouped);
      }
    }
    for (Value operand : op.getDpsInputs()) {
      auto type = cast<RankedTensorType>(operand.getType());
      std::string name = weightName(operand);
      if (name.empty()) continue;
      return op->emitError() << "matrix product with the float32 weight '" << name << "' (" << type
                             << "): weights of products must be block-quantised (4-bit or 8-bit, groups of "
                             << contract::kGroupElements << ", value = d*q + m)";
    }
    return success();  // two computed operands: an ordinary sum, see order-sums
  }

  LogicalResult contract(linalg::LinalgOp op, unsigned weight, const Dequantization& found, bool transposed,
                         bool grouped) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Value x = op.getDpsInputs()[1 - weight];
    SmallVector<unsigned> x_loops = loopsOf(op.getMatchingIndexingMap(op.getDpsInputOperand(1 - weight)));
    SmallVector<unsigned> w_loops = loopsOf(op.getMatchingIndexingMap(op.getDpsInputOperand(weight)));
    SmallVector<unsigned> y_loops = loopsOf(op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
    if (transposed && w_loops.size() == 2) std::swap(w_loops[0], w_loops[1]);
    auto shapes = [&]() {
      return op->emitError() << "matrix product with a quantised weight must be x [.. x K] times w [N x K] "
                                "transposed, giving [.. x N]; found operands "
                             << x.getType() << " and " << op.getDpsInputs()[weight].getType() << ", result "
                             << op.getDpsInits()[0].getType();
    };
    // Loops: y = (rows..., n), w = (n, k...), x = (rows..., k...).
    size_t inner = grouped ? 2 : 1;
    if (w_loops.size() != 1 + inner || y_loops.empty() || x_loops.size() != y_loops.size() - 1 + inner ||
        (grouped && transposed))
      return shapes();
    SmallVector<unsigned> expected(y_loops.begin(), y_loops.end() - 1);
    expected.append(w_loops.begin() + 1, w_loops.end());
    if (y_loops.back() != w_loops.front() || x_loops != expected) return shapes();

    auto result_type = cast<RankedTensorType>(op.getDpsInits()[0].getType());
    int64_t rows = static_cast<int64_t>(y_loops.size()) - 1;
    auto x_type = cast<RankedTensorType>(x.getType());
    int64_t dynamic_rows = 0;
    for (int64_t i = 0; i < rows; ++i) dynamic_rows += x_type.isDynamicDim(i);
    if (rows == 0 || (rows > 1 && dynamic_rows > 1)) return shapes();

    // To [T x K].
    if (rows > 1 || grouped) {
      SmallVector<ReassociationIndices> groups(2);
      for (int64_t i = 0; i < x_type.getRank(); ++i) groups[i < rows ? 0 : 1].push_back(i);
      x = builder.create<tensor::CollapseShapeOp>(loc, x, groups);
    }
    x_type = cast<RankedTensorType>(x.getType());
    auto q_type = cast<RankedTensorType>(found.q.getType());
    int64_t outer = q_type.getDimSize(0);
    if (x_type.getDimSize(1) != q_type.getDimSize(1) * q_type.getDimSize(2)) return shapes();
    auto flat = RankedTensorType::get({x_type.getDimSize(0), outer}, result_type.getElementType());
    Value y = builder.create<dataflow::ContractOp>(loc, flat, x, found.q, found.d, found.m);

    if (rows > 1) {
      SmallVector<ReassociationIndices> groups(2);
      for (int64_t i = 0; i <= rows; ++i) groups[i < rows ? 0 : 1].push_back(i);
      SmallVector<OpFoldResult> sizes;
      for (int64_t i = 0; i <= rows; ++i)
        sizes.push_back(linalg::createFoldedDimOp(builder, loc, op.getDpsInits()[0], i));
      y = builder.create<tensor::ExpandShapeOp>(loc, result_type, y, groups, sizes);
    } else if (y.getType() != result_type) {
      y = builder.create<tensor::CastOp>(loc, result_type, y);
    }
    Value init = op.getDpsInits()[0];
    if (!isZero(init)) {
      AffineMap map = builder.getMultiDimIdentityMap(result_type.getRank());
      SmallVector<utils::IteratorType> loops(result_type.getRank(), utils::IteratorType::parallel);
      y = builder
              .create<linalg::GenericOp>(loc, result_type, y, init, ArrayRef<AffineMap>{map, map}, loops,
                                         [](OpBuilder& nested, Location at, ValueRange args) {
                                           Value sum = nested.create<arith::AddFOp>(at, args[1], args[0]);
                                           nested.create<linalg::YieldOp>(at, sum);
                                         })
              .getResult(0);
    }
    op->getResult(0).replaceAllUsesWith(y);
    op->erase();
    return success();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
