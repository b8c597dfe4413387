// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/lowering.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/Passes.h"

namespace streamtensor::reference {
namespace {

// Copies as linalg, so that they become loops: a strided memref.copy would call a runtime library.
struct CopiesToLinalg : mlir::PassWrapper<CopiesToLinalg, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CopiesToLinalg)

  void getDependentDialects(mlir::DialectRegistry& registry) const override {
    registry.insert<mlir::linalg::LinalgDialect>();
  }

  void runOnOperation() override {
    getOperation().walk([](mlir::memref::CopyOp op) {
      mlir::OpBuilder builder(op);
      builder.create<mlir::linalg::CopyOp>(op.getLoc(), op.getSource(), op.getTarget());
      op.erase();
    });
  }
};

// A call that stayed would get its arguments as contiguous buffers, and lose the offset of a layer's slice.
struct NoCallsLeft : mlir::PassWrapper<NoCallsLeft, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NoCallsLeft)

  void runOnOperation() override {
    mlir::SymbolTable symbols(getOperation());
    getOperation().walk([&](mlir::func::CallOp call) {
      auto callee = symbols.lookup<mlir::func::FuncOp>(call.getCallee());
      if (callee && callee.isExternal()) return;
      call.emitOpError("could not be inlined");
      signalPassFailure();
    });
  }
};

}  // namespace

void BuildLoweringPipeline(mlir::OpPassManager& pm) {
  // Affine operations keep a function from being inlined into a loop.
  pm.addPass(mlir::createLowerAffinePass());
  pm.addPass(mlir::createInlinerPass());
  pm.addPass(std::make_unique<NoCallsLeft>());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());

  mlir::bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true;
  options.setFunctionBoundaryTypeConversion(mlir::bufferization::LayoutMapOption::IdentityLayoutMap);
  pm.addPass(mlir::bufferization::createEmptyTensorEliminationPass());
  pm.addPass(mlir::bufferization::createOneShotBufferizePass(options));
  pm.addPass(mlir::createCanonicalizerPass());
  mlir::bufferization::buildBufferDeallocationPipeline(pm, {});
  pm.addPass(mlir::createBufferizationToMemRefPass());
  pm.addPass(std::make_unique<CopiesToLinalg>());
  pm.addNestedPass<mlir::func::FuncOp>(mlir::createConvertLinalgToLoopsPass());
  pm.addPass(mlir::memref::createExpandStridedMetadataPass());
  pm.addPass(mlir::createLowerAffinePass());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createConvertSCFToCFPass());
  pm.addPass(mlir::arith::createArithExpandOpsPass());
  // The functions of math.h, by the C library as on the emulated card.
  pm.addPass(mlir::createConvertMathToLibmPass());
  pm.addPass(mlir::createConvertMathToLLVMPass());
  pm.addPass(mlir::createArithToLLVMConversionPass());
  pm.addPass(mlir::createConvertControlFlowToLLVMPass());
  pm.addPass(mlir::createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(mlir::createConvertFuncToLLVMPass());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
  pm.addPass(mlir::createReconcileUnrealizedCastsPass());
}

}  // namespace streamtensor::reference
