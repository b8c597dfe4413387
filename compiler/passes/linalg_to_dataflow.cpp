// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/kernel_builder.h"
#include "compiler/passes/tile.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_LINALGTODATAFLOW
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using itensor::ITensorType;

// What a tensor operand or result of one operation is, tile by tile.
struct TiledShape {
  RankedTensorType type;   // of one tile
  SmallVector<int> loops;  // position in the nest of the loop that walks each dimension, -1: whole
  SmallVector<int64_t> steps;
};

class LinalgToDataflowPass : public impl::LinalgToDataflowBase<LinalgToDataflowPass> {
  void runOnOperation() override {
    FailureOr<func::FuncOp> step = FindStep(getOperation());
    if (failed(step)) return signalPassFailure();
    FailureOr<StepFunction> analysis = StepFunction::Analyse(*step);
    if (failed(analysis)) return signalPassFailure();
    analysis_ = &*analysis;
    SmallVector<Operation*> ops;
    step->walk<WalkOrder::PreOrder>([&](Operation* op) {
      if (isa<dataflow::KernelOp>(op)) return WalkResult::skip();
      ops.push_back(op);
      return isa<linalg::LinalgOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    for (Operation* op : ops)
      if (failed(convert(op))) return signalPassFailure();
    for (auto [old, replacement] : replaced_) old.replaceAllUsesWith(replacement);
    for (Operation* op : llvm::reverse(converted_)) op->erase();
    eraseIdle(*step);
  }

  LogicalResult convert(Operation* op) {
    if (isa<linalg::FillOp>(op)) return success();
    if (auto generic = dyn_cast<linalg::GenericOp>(op)) return convertGeneric(generic);
    if (isa<linalg::LinalgOp>(op)) return op->emitError("is a named operation; run `numerics` first");
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp, tensor::InsertSliceOp>(
            op))
      return success();
    if (StepFunction::IsMemory(op->getResult(0))) return success();
    // Slices of what only starts a sum (a fill) are made again where they are used.
    if (KernelBuilder::IsInitial(op->getResult(0))) return success();
    if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op)) return convertSlice(op);
    return convertReshape(op);
  }

  Value current(Value value) const {
    auto found = replaced_.find(value);
    return found == replaced_.end() ? value : found->second;
  }

  void finish(Operation* op, Value old, Value itensor) {
    OpBuilder builder(op->getContext());
    builder.setInsertionPointAfterValue(itensor);
    replaced_[old] =
        builder.create<UnrealizedConversionCastOp>(op->getLoc(), TypeRange{old.getType()}, itensor)
            .getResult(0);
  }

  // `value` in the given order; until `fuse` looks at it the change of order is a cast.
  Value inOrder(Operation* user, Value value, ITensorType type) {
    OpBuilder builder(user->getContext());
    builder.setInsertionPointAfterValue(current(value));
    return builder.create<UnrealizedConversionCastOp>(user->getLoc(), TypeRange{type}, current(value))
        .getResult(0);
  }

  FailureOr<Rows> rowsOf(Operation* op, Value value) {
    std::optional<Rows> rows = analysis_->GetRows(value);
    if (!rows) return op->emitError("has rows that no symbol counts");
    return *rows;
  }

  //===--------------------------------------------------------------------===//
  // Shapes
  //===--------------------------------------------------------------------===//

  LogicalResult convertReshape(Operation* op) {
    Value source = op->getOperand(0), result = op->getResult(0);
    SmallVector<ReassociationIndices> groups =
        isa<tensor::ExpandShapeOp>(op) ? cast<tensor::ExpandShapeOp>(op).getReassociationIndices()
                                       : cast<tensor::CollapseShapeOp>(op).getReassociationIndices();
    // The rows may have dimensions of 1 behind them: [T, 1] for [T].
    auto wide = cast<RankedTensorType>((isa<tensor::ExpandShapeOp>(op) ? result : source).getType());
    if (groups.empty() || llvm::any_of(ArrayRef(groups[0]).drop_front(),
                                       [&](int64_t dim) { return wide.getDimSize(dim) != 1; }))
      return op->emitError("reshapes across rows; only the shape within a row may change");
    FailureOr<Rows> rows = rowsOf(op, source);
    if (failed(rows)) return failure();
    OpBuilder builder(op);
    Value in = inOrder(op, source, StepFunction::RowOrder(cast<RankedTensorType>(source.getType()), *rows));
    auto type = StepFunction::RowOrder(cast<RankedTensorType>(result.getType()), *rows);
    SmallVector<ArrayRef<int64_t>> refs(groups.begin(), groups.end());
    SmallVector<Attribute> attributes;
    for (auto& group : groups) attributes.push_back(builder.getI64ArrayAttr(group));
    Value out =
        builder.create<itensor::ReassociateOp>(op->getLoc(), type, in, builder.getArrayAttr(attributes));
    finish(op, result, out);
    converted_.push_back(op);
    return success();
  }

  // Columns of each row, out of rows or into them.
  LogicalResult convertSlice(Operation* op) {
    auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
    Value result = op->getResult(0);
    auto whole = cast<RankedTensorType>(isa<tensor::ExtractSliceOp>(op) ? op->getOperand(0).getType()
                                                                        : result.getType());
    auto part = cast<RankedTensorType>(isa<tensor::ExtractSliceOp>(op) ? result.getType()
                                                                       : op->getOperand(0).getType());
    SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes(),
                              strides = slice.getMixedStrides();
    if (getConstantIntValue(offsets[0]) != 0 || getConstantIntValue(strides[0]) != 1 ||
        part.getRank() != whole.getRank() || part.getDimSize(0) != whole.getDimSize(0))
      return op->emitError("takes some rows only; slices can take columns of all rows");
    for (unsigned i = 1; i < offsets.size(); ++i)
      if (!getConstantIntValue(offsets[i]) || !getConstantIntValue(sizes[i]) ||
          !getConstantIntValue(strides[i]))
        return op->emitError("has a slice within the row that is not constant");
    FailureOr<Rows> rows = rowsOf(op, result);
    if (failed(rows)) return failure();
    KernelBuilder kernel(op, labelOf(op), *analysis_);
    auto out = StepFunction::RowOrder(cast<RankedTensorType>(result.getType()), *rows);
    kernel.Begin({out}, {{*rows, 1}});
    SmallVector<Value> elements;
    for (Value operand :
         isa<tensor::InsertSliceOp>(op) ? op->getOperands().take_front(2) : op->getOperands().take_front(1)) {
      FailureOr<Value> element = rowElement(op, kernel, operand, *rows);
      if (failed(element)) return failure();
      elements.push_back(*element);
    }
    OpBuilder& b = kernel.builder();
    sizes[0] = b.getIndexAttr(1);
    Value value =
        isa<tensor::ExtractSliceOp>(op)
            ? b.create<tensor::ExtractSliceOp>(op->getLoc(), elements[0], offsets, sizes, strides).getResult()
            : b.create<tensor::InsertSliceOp>(op->getLoc(), elements[0], elements[1], offsets, sizes, strides)
                  .getResult();
    kernel.Write(0, value);
    finish(op, result, kernel.End().getResult(0));
    converted_.push_back(op);
    return success();
  }

  // One row of `operand`, read or, for fills, made.
  FailureOr<Value> rowElement(Operation* op, KernelBuilder& kernel, Value operand, const Rows& rows) {
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[0] = 1;
    auto tile = RankedTensorType::get(shape, type.getElementType());
    if (kernel.IsInitial(operand)) return kernel.MakeInitial(operand, tile);
    ITensorType order = StepFunction::RowOrder(type, rows);
    return kernel.Read(inOrder(op, operand, order), current(operand), type.getElementType());
  }

  //===--------------------------------------------------------------------===//
  // linalg.generic
  //===--------------------------------------------------------------------===//

  LogicalResult convertGeneric(linalg::GenericOp op) {
    auto tile = op->getAttrOfType<DenseI64ArrayAttr>(kTileAttr);
    auto order = op->getAttrOfType<DenseI64ArrayAttr>(kOrderAttr);
    if (!tile || !order || tile.size() != op.getNumLoops())
      return op.emitError("has no ") << kTileAttr << "; run `tile` first";
    SmallVector<LoopShape> nest;
    if (failed(findNest(op, tile, order, nest))) return failure();

    SmallVector<TiledShape> shapes;
    for (OpOperand& operand : op->getOpOperands()) {
      FailureOr<TiledShape> shape = tiledShape(op, operand, tile, order);
      if (failed(shape)) return failure();
      shapes.push_back(*shape);
    }
    unsigned inputs = op.getNumDpsInputs();
    SmallVector<ITensorType> outputs;
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i) outputs.push_back(orderOf(shapes[inputs + i], nest));
    KernelBuilder kernel(op, labelOf(op), *analysis_);
    kernel.Begin(outputs, nest);

    SmallVector<Value> ins, outs;
    for (OpOperand& operand : op->getOpOperands()) {
      FailureOr<Value> value = tileOf(op, kernel, operand, shapes[operand.getOperandNumber()], nest);
      if (failed(value)) return failure();
      (op.isDpsInit(&operand) ? outs : ins).push_back(*value);
    }
    FailureOr<linalg::GenericOp> inner = cloneTile(op, kernel, ins, outs, order);
    if (failed(inner)) return failure();
    for (unsigned i = 0; i < outputs.size(); ++i) kernel.Write(i, inner->getResult(i));
    dataflow::KernelOp done = kernel.End();
    for (unsigned i = 0; i < outputs.size(); ++i) finish(op, op->getResult(i), done.getResult(i));
    converted_.push_back(op);
    return success();
  }

  LogicalResult findNest(linalg::GenericOp op, DenseI64ArrayAttr tile, DenseI64ArrayAttr order,
                         SmallVector<LoopShape>& nest) {
    for (int64_t loop : order.asArrayRef()) {
      if (loop < 0 || loop >= op.getNumLoops()) return op.emitError(kOrderAttr) << " names loop " << loop;
      std::optional<Rows> extent;
      for (OpOperand& operand : op->getOpOperands()) {
        AffineMap map = op.getMatchingIndexingMap(&operand);
        for (auto [i, expr] : llvm::enumerate(map.getResults())) {
          if (expr != getAffineDimExpr(loop, op.getContext())) continue;
          auto type = cast<RankedTensorType>(operand.get().getType());
          if (!type.isDynamicDim(i))
            extent = Rows{"", type.getDimSize(i)};
          else if (i == 0 && !extent)
            extent = analysis_->GetRows(operand.get());
        }
      }
      if (!extent) return op.emitError("has a loop that no symbol counts");
      if (extent->symbol.empty() && extent->bound % tile[loop] != 0)
        return op.emitError("has tiles of ") << tile[loop] << " in a loop of " << extent->bound;
      if (!extent->symbol.empty() && tile[loop] != 1)
        return op.emitError("has tiles of ")
               << tile[loop] << " in a loop that " << extent->symbol << " counts; only 1 fits";
      nest.push_back({*extent, tile[loop]});
    }
    return success();
  }

  FailureOr<TiledShape> tiledShape(linalg::GenericOp op, OpOperand& operand, DenseI64ArrayAttr tile,
                                   DenseI64ArrayAttr order) {
    TiledShape shape;
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type) return shape;  // a scalar
    AffineMap map = op.getMatchingIndexingMap(&operand);
    SmallVector<int64_t> extents(type.getShape());
    shape.loops.assign(extents.size(), -1);
    shape.steps.assign(extents.size(), 0);
    for (auto [position, loop] : llvm::enumerate(order.asArrayRef())) {
      for (auto [i, expr] : llvm::enumerate(map.getResults())) {
        if (!expr.isFunctionOfDim(loop)) continue;
        if (!isa<AffineDimExpr>(expr))
          return op.emitError("indexes an operand by an expression of a tiled loop, ")
                 << AffineMapAttr::get(AffineMap::get(map.getNumDims(), 0, expr));
        extents[i] = tile[loop];
        shape.loops[i] = static_cast<int>(position);
        shape.steps[i] = tile[loop];
      }
    }
    for (int64_t extent : extents)
      if (ShapedType::isDynamic(extent))
        return op.emitError("has an operand of unknown size within a tile: ") << type;
    shape.type = RankedTensorType::get(extents, type.getElementType());
    return shape;
  }

  static ITensorType orderOf(const TiledShape& shape, ArrayRef<LoopShape> nest) {
    MLIRContext* context = shape.type.getContext();
    SmallVector<int64_t> trips, steps;
    SmallVector<StringAttr> symbols;
    for (const LoopShape& loop : nest) {
      trips.push_back(loop.extent.bound / loop.step);
      symbols.push_back(StringAttr::get(context, loop.extent.symbol));
      steps.push_back(loop.step);
    }
    SmallVector<AffineExpr> exprs;
    for (int loop : shape.loops)
      exprs.push_back(loop < 0 ? getAffineConstantExpr(0, context) : getAffineDimExpr(loop, context));
    return ITensorType::get(context, shape.type.getShape(),
                            StepFunction::StreamElement(shape.type.getElementType()), trips, symbols, steps,
                            AffineMap::get(nest.size(), 0, exprs, context));
  }

  // The operand's tile inside the loops: read, sliced from memory, or made.
  FailureOr<Value> tileOf(linalg::GenericOp op, KernelBuilder& kernel, OpOperand& operand,
                          const TiledShape& shape, ArrayRef<LoopShape> nest) {
    Value value = operand.get();
    if (!shape.type) return kernel.Import(value);
    if (op.isDpsInit(&operand) && !op.payloadUsesValueFromOperand(&operand))
      return kernel.MakeEmpty(shape.type);
    if (kernel.IsInitial(value)) return kernel.MakeInitial(value, shape.type);
    if (StepFunction::IsMemory(value) || value.getDefiningOp<arith::ConstantOp>()) {
      FailureOr<Value> memory = kernel.Import(value);
      if (failed(memory)) return failure();
      return kernel.Slice(*memory, shape.type, shape.loops);
    }
    return kernel.Read(inOrder(op, value, orderOf(shape, nest)), current(value), shape.type.getElementType());
  }

  FailureOr<linalg::GenericOp> cloneTile(linalg::GenericOp op, KernelBuilder& kernel, ValueRange ins,
                                         ValueRange outs, DenseI64ArrayAttr order) {
    IRMapping mapping;
    FailureOr<bool> imported = kernel.ImportCaptures(op.getRegion(), mapping);
    if (failed(imported)) return failure();
    OpBuilder& b = kernel.builder();
    SmallVector<Type> types;
    for (Value out : outs) types.push_back(out.getType());
    auto inner = b.create<linalg::GenericOp>(op.getLoc(), types, ins, outs, op.getIndexingMapsArray(),
                                             op.getIteratorTypesArray());
    op.getRegion().cloneInto(&inner.getRegion(), mapping);
    // An index within the tile is not an index of the whole.
    SmallVector<linalg::IndexOp> indices;
    inner.walk([&](linalg::IndexOp index) { indices.push_back(index); });
    for (linalg::IndexOp index : indices) {
      for (auto [position, loop] : llvm::enumerate(order.asArrayRef())) {
        if (static_cast<int64_t>(index.getDim()) != loop) continue;
        OpBuilder nested(index->getContext());
        nested.setInsertionPointAfter(index);
        auto sum = nested.create<arith::AddIOp>(op.getLoc(), kernel.Induction(position), index.getResult());
        index.getResult().replaceAllUsesExcept(sum, sum);
      }
    }
    return inner;
  }

  //===--------------------------------------------------------------------===//

  // A name a person can follow: the weight that the operation uses, else what it does.
  std::string labelOf(Operation* op) {
    std::string label = LabelOfMemories(op);
    if (!label.empty()) return label;
    op->walk([&](Operation* inner) {
      if (inner == op || inner->hasTrait<OpTrait::IsTerminator>() || isa<arith::ConstantOp>(inner)) return;
      if (isa<arith::ArithDialect, math::MathDialect>(inner->getDialect())) {
        label = inner->getName().stripDialect().str();
        if (label.size() > 1 && (label.back() == 'f' || label.back() == 'i')) label.pop_back();
      }
    });
    return label.empty() ? op->getName().stripDialect().str() : label;
  }

  // Fills, empties and dims that nothing uses any more.
  static void eraseIdle(func::FuncOp step) {
    for (bool changed = true; changed;) {
      changed = false;
      SmallVector<Operation*> idle;
      step.walk([&](Operation* op) {
        if (op != step && isOpTriviallyDead(op)) idle.push_back(op);
      });
      for (Operation* op : idle) {
        if (!op->use_empty()) continue;
        op->erase();
        changed = true;
      }
    }
  }

  const StepFunction* analysis_ = nullptr;
  llvm::MapVector<Value, Value> replaced_;  // tensors and the casts of the itensors they became
  SmallVector<Operation*> converted_;
};

}  // namespace
}  // namespace streamtensor::compiler
