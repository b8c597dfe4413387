// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/Passes.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_KEEPLAYERS
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

class KeepLayersPass : public impl::KeepLayersBase<KeepLayersPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal()) continue;
      auto loops = function.getBody().front().getOps<scf::ForOp>();
      if (!llvm::hasSingleElement(loops)) continue;
      scf::ForOp loop = *loops.begin();
      if (!runsOnce(loop) || !llvm::any_of(loop.getInitArgs().getTypes(), llvm::IsaPred<RankedTensorType>))
        continue;
      OpBuilder builder(loop);
      loop.setUpperBound(builder.create<dataflow::LayersOp>(loop.getLoc(), builder.getIndexType(), 1));
    }
  }

  static bool runsOnce(scf::ForOp loop) {
    return getConstantIntValue(loop.getLowerBound()) == int64_t{0} &&
           getConstantIntValue(loop.getUpperBound()) == int64_t{1} &&
           getConstantIntValue(loop.getStep()) == int64_t{1};
  }
};

}  // namespace
}  // namespace streamtensor::compiler
