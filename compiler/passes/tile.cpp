// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/tile.h"

#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/join_ends.h"
#include "llvm/ADT/DenseSet.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_TILE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

class TilePass : public impl::TileBase<TilePass> {
 public:
  using TileBase::TileBase;

 private:
  void runOnOperation() override {
    FailureOr<func::FuncOp> step = FindStep(getOperation());
    if (failed(step)) return signalPassFailure();
    if (columns < 1) {
      step->emitError("option columns must be at least 1, got ") << int64_t{columns};
      return signalPassFailure();
    }
    SmallVector<linalg::LinalgOp> ops;
    WalkResult walk = step->walk([&](linalg::LinalgOp op) {
      if (isa<linalg::FillOp>(op.getOperation()) || op->getParentOfType<dataflow::KernelOp>())
        return WalkResult::advance();
      if (failed(checkShape(op))) return WalkResult::interrupt();
      ops.push_back(op);
      return WalkResult::advance();
    });
    if (walk.wasInterrupted()) return signalPassFailure();
    // Optimistic: all that could be tiled by columns are, until an operand says otherwise. So the
    // residual, which feeds itself through the loop, keeps its tiles.
    for (linalg::LinalgOp op : ops)
      if (mayTileColumns(op)) column_tiled_.insert(op);
    for (bool changed = true; changed;) {
      changed = false;
      for (linalg::LinalgOp op : ops) {
        if (!column_tiled_.contains(op) || operandsComeInTiles(op)) continue;
        column_tiled_.erase(op);
        changed = true;
      }
    }
    for (linalg::LinalgOp op : ops) setTile(op);
  }

  LogicalResult checkShape(linalg::LinalgOp op) {
    if (!op.hasPureTensorSemantics()) return op->emitError("works on buffers; only tensors can be compiled");
    for (OpOperand& init : op.getDpsInitsMutable()) {
      AffineMap map = op.getMatchingIndexingMap(&init);
      auto row = dyn_cast_or_null<AffineDimExpr>(map.getNumResults() > 0 ? map.getResult(0) : AffineExpr());
      if (!row || op.getIteratorTypesArray()[row.getPosition()] != utils::IteratorType::parallel)
        return op->emitError("has a result without rows: its leading dimension must be a parallel loop");
      if (row.getPosition() != rowLoop(op))
        return op->emitError("has results whose rows are counted by different loops");
    }
    return success();
  }

  static unsigned rowLoop(linalg::LinalgOp op) {
    return cast<AffineDimExpr>(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResult(0)).getPosition();
  }

  // Elementwise on a matrix, column by column, and nothing looked up by index.
  bool mayTileColumns(linalg::LinalgOp op) {
    if (op.getNumLoops() != 2 || op.getNumParallelLoops() != 2) return false;
    for (OpOperand& init : op.getDpsInitsMutable()) {
      auto type = cast<RankedTensorType>(init.get().getType());
      if (!op.getMatchingIndexingMap(&init).isIdentity() || type.isDynamicDim(1) ||
          type.getDimSize(1) % columns != 0)
        return false;
    }
    bool indexed = false;
    op->walk([&](Operation* inner) { indexed |= isa<linalg::IndexOp, tensor::ExtractOp>(inner); });
    return !indexed;
  }

  bool operandsComeInTiles(linalg::LinalgOp op) {
    bool any = false;
    for (OpOperand* operand : op.getDpsInputOperands()) {
      if (isa<RankedTensorType>(operand->get().getType()) && !StepFunction::IsMemory(operand->get()) &&
          !matchConstant(operand->get())) {
        if (!op.getMatchingIndexingMap(operand).isIdentity() || !comesInTiles(operand->get())) return false;
        any = true;
      }
    }
    return any;
  }

  static bool matchConstant(Value value) { return value.getDefiningOp<arith::ConstantOp>() != nullptr; }

  // Column tiles of every row, then the next: what an elementwise operation on tiles takes and gives.
  bool isTileOrder(itensor::ITensorType type) {
    return type.getElementShape() == ArrayRef<int64_t>{1, columns} && type.getNumLoops() == 2 &&
           type.getDimOfLoop(0) == 1 && type.getDimOfLoop(1) == 0;
  }

  bool comesInTiles(Value value) {
    if (Value source = ItensorOf(value)) return isTileOrder(cast<itensor::ITensorType>(source.getType()));
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
      if (!loop || argument.getArgNumber() == 0) return false;
      Value next = loop.getYieldedValues()[argument.getArgNumber() - 1];
      return isa<BlockArgument>(next) ? false : comesInTiles(next);
    }
    if (auto loop = value.getDefiningOp<scf::ForOp>())
      return comesInTiles(loop.getYieldedValues()[cast<OpResult>(value).getResultNumber()]);
    if (auto contract = value.getDefiningOp<dataflow::ContractOp>())
      return contract.getOuter() % columns == 0;
    auto op = value.getDefiningOp<linalg::LinalgOp>();
    return op && column_tiled_.contains(op);
  }

  void setTile(linalg::LinalgOp op) {
    Builder builder(op);
    unsigned row = rowLoop(op);
    SmallVector<int64_t> tile(op.getNumLoops(), 0), order = {row};
    tile[row] = 1;
    if (column_tiled_.contains(op)) {
      tile[1 - row] = columns;
      order = {1 - row, row};
    }
    op->setAttr(kTileAttr, builder.getDenseI64ArrayAttr(tile));
    op->setAttr(kOrderAttr, builder.getDenseI64ArrayAttr(order));
  }

  llvm::DenseSet<Operation*> column_tiled_;
};

}  // namespace
}  // namespace streamtensor::compiler
