// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Transforms/Passes.h"

namespace streamtensor::compiler {

void buildNumericsPipeline(mlir::OpPassManager& pm) {
  pm.addPass(createKeepLayers());
  // Fusion first: it sees whole functions (SiLU, the rotation) before expand-math makes them long.
  pm.addPass(mlir::createConvertElementwiseToLinalgPass());
  pm.addPass(createFuseElementwise());
  pm.addPass(createQuantize());
  pm.addPass(createExpandMath());
  pm.addPass(createOrderSums());
  // A sum's tree joins what is computed from it.
  pm.addPass(createFuseElementwise());
  // The dequantisations that quantize made idle go; equal tables and fills become one.
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
}

}  // namespace streamtensor::compiler
