// SPDX-License-Identifier: Apache-2.0
// streamtensor-opt: runs passes over modules, one at a time or by pipeline. For tests and for looking.
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/itensor/ITensorDialect.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char** argv) {
  mlir::DialectRegistry registry;
  registry.insert<
      mlir::affine::AffineDialect, mlir::arith::ArithDialect, mlir::bufferization::BufferizationDialect,
      mlir::func::FuncDialect, mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
      mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
      streamtensor::compiler::dataflow::DataflowDialect, streamtensor::compiler::itensor::ITensorDialect>();
  mlir::func::registerInlinerExtension(registry);
  mlir::registerTransformsPasses();
  mlir::registerLinalgPasses();
  streamtensor::compiler::registerStreamTensorPasses();
  mlir::PassPipelineRegistration<>("numerics",
                                   "imported -> ordered: the passes that fix every bit of the results",
                                   streamtensor::compiler::buildNumericsPipeline);
  mlir::PassPipelineRegistration<>(
      "dataflow", "ordered -> sized: the passes that make the design",
      [](mlir::OpPassManager& pm) { streamtensor::compiler::buildDataflowPipeline(pm); });
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "StreamTensor's pass tool\n", registry));
}
