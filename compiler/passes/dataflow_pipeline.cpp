// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/Passes.h"
#include "mlir/Transforms/Passes.h"

namespace streamtensor::compiler {

void buildDataflowPipeline(mlir::OpPassManager& pm, int64_t channels) {
  // The block is written out where the layers call it: from here on a step is one function.
  pm.addPass(mlir::createInlinerPass());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
  pm.addPass(createTile());
  pm.addPass(createLinalgToDataflow());
  pm.addPass(createFuse());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
  pm.addPass(createBind());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
  MaterializeOptions materialize;
  materialize.channels = channels;
  pm.addPass(createMaterialize(materialize));
  pm.addPass(createAssignChannels());
  pm.addPass(createSizeFifos());
  pm.addPass(createVerifyBound());
}

}  // namespace streamtensor::compiler
