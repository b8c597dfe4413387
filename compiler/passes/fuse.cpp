// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/binding.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/join_ends.h"
#include "compiler/passes/kernel_merge.h"
#include "mlir/Analysis/TopologicalSortUtils.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_FUSE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

class FusePass : public impl::FuseBase<FusePass> {
 public:
  using FuseBase::FuseBase;

 private:
  void runOnOperation() override {
    FailureOr<func::FuncOp> step = FindStep(getOperation());
    if (failed(step)) return signalPassFailure();
    JoinEqualEnds(*step);
    absorbShapes(*step);
    SmallVector<Block*> blocks;
    step->walk([&](Operation* op) {
      if (isa<dataflow::KernelOp>(op)) return;
      for (Region& region : op->getRegions())
        for (Block& block : region)
          if (!op->getParentOfType<dataflow::KernelOp>()) blocks.push_back(&block);
    });
    for (Block* block : blocks)
      while (mergeOnce(*block)) sortTopologically(block);
    if (failed(ConvertUnequalEnds(*step)) || failed(CheckConverterBudget(*step))) signalPassFailure();
  }

  // A reshape within the row is not work by itself: the kernel behind it takes the row as it comes, or the
  // kernel before it gives it so.
  static void absorbShapes(func::FuncOp step) {
    SmallVector<itensor::ReassociateOp> shapes;
    step.walk([&](itensor::ReassociateOp op) { shapes.push_back(op); });
    for (itensor::ReassociateOp shape : shapes) {
      for (OpOperand& use : llvm::make_early_inc_range(shape.getResult().getUses()))
        if (auto kernel = dyn_cast<dataflow::KernelOp>(use.getOwner()))
          AbsorbSourceShape(kernel, use.getOperandNumber());
      if (shape.use_empty()) {
        shape.erase();
        continue;
      }
      auto producer = shape.getSource().getDefiningOp<dataflow::KernelOp>();
      if (producer && shape.getSource().hasOneUse())
        AbsorbResultShape(producer, cast<OpResult>(shape.getSource()).getResultNumber());
    }
    EraseIdleEnds(step);
  }

  static bool mergeOnce(Block& block) {
    for (Operation& op : block) {
      auto consumer = dyn_cast<dataflow::KernelOp>(op);
      if (!consumer) continue;
      for (Value input : consumer.getInputs()) {
        auto producer = input.getDefiningOp<dataflow::KernelOp>();
        if (!producer || producer->getBlock() != &block || !SameLoops(producer, consumer)) continue;
        // Divided on purpose.
        if (producer->hasAttr(dataflow::kBindingAttr) && consumer->hasAttr(dataflow::kBindingAttr)) continue;
        if (reachesAnotherWay(producer, consumer)) continue;
        MergeKernels(producer, consumer);
        return true;
      }
    }
    return false;
  }

  // Whether something else stands between: merged, the two would wait for it in a circle.
  static bool reachesAnotherWay(Operation* producer, Operation* consumer) {
    Block* block = producer->getBlock();
    SmallVector<Operation*> pending;
    llvm::DenseSet<Operation*> seen;
    auto visitUsers = [&](Operation* op) {
      for (Operation* user : op->getUsers()) {
        Operation* ancestor = block->findAncestorOpInBlock(*user);
        if (ancestor && seen.insert(ancestor).second) pending.push_back(ancestor);
      }
    };
    visitUsers(producer);
    seen.erase(consumer);
    llvm::erase(pending, consumer);
    while (!pending.empty()) {
      Operation* op = pending.pop_back_val();
      if (op == consumer) return true;
      visitUsers(op);
    }
    return false;
  }
};

}  // namespace
}  // namespace streamtensor::compiler
