// SPDX-License-Identifier: Apache-2.0
// streamtensor-opt: runs passes over modules, one at a time or by pipeline. For tests and for looking.
#include <string>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/itensor/ITensorDialect.h"
#include "compiler/dialects/tm_tensor/TmTensorDialect.h"
#include "compiler/passes/pipeline.h"
#include "compiler/processes/ProcessDialect.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

namespace {

namespace cl = llvm::cl;

// MlirOptMain exits with 1 on wrong usage and reports LLVM's version as ours.
bool ReadOptions(int argc, char** argv, mlir::DialectRegistry& registry, std::string* input,
                 std::string* output) {
  static cl::opt<std::string> input_file(cl::Positional, cl::desc("<input file>"), cl::init("-"));
  static cl::opt<std::string> output_file("o", cl::desc("Output filename"), cl::value_desc("filename"),
                                          cl::init("-"));
  mlir::MlirOptMainConfig::registerCLOptions(registry);
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  cl::SetVersionPrinter([](llvm::raw_ostream& out) {
    out << "streamtensor-opt " ST_VERSION " (MLIR " LLVM_VERSION_STRING ")\n";
  });
  if (!cl::ParseCommandLineOptions(argc, argv, "StreamTensor's pass tool\n", &llvm::errs())) return false;
  *input = input_file;
  *output = output_file;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  mlir::DialectRegistry registry;
  registry.insert<
      mlir::affine::AffineDialect, mlir::arith::ArithDialect, mlir::bufferization::BufferizationDialect,
      mlir::cf::ControlFlowDialect, mlir::complex::ComplexDialect, mlir::func::FuncDialect,
      mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
      mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
      streamtensor::compiler::dataflow::DataflowDialect, streamtensor::compiler::itensor::ITensorDialect,
      streamtensor::compiler::process::ProcessDialect, streamtensor::compiler::tm_tensor::TmTensorDialect>();
  mlir::func::registerInlinerExtension(registry);
  mlir::registerTransformsPasses();
  mlir::registerLinalgPasses();
  streamtensor::compiler::RegisterPipelines();
  std::string input, output;
  if (!ReadOptions(argc, argv, registry, &input, &output)) return 2;
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, input, output, registry));
}
