// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pipeline.h"

#include "compiler/passes/Passes.h"
#include "kernels/contract/slice.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace streamtensor::compiler {
namespace {

using mlir::OpPassManager;

// What an earlier pass made idle goes; equal constants become one.
void AddCleanUp(OpPassManager& passes) {
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
}

// What a module in its own types needs before it is one kernel.
void AddSamples(OpPassManager& passes) {
  passes.addPass(createLowerTmTensor());
  passes.addPass(createSplitComplex());
  passes.addPass(createOneRow());
  passes.addPass(createCollectChecks());
  passes.addPass(createNarrowFloat64());
  passes.addPass(createWidenHalves());
  passes.addPass(createExpandSamples());
}

void AddNumerics(OpPassManager& passes, const PipelineOptions&) {
  AddSamples(passes);
  passes.addPass(createFormSampleKernel());
  passes.addPass(createKeepLayers());
  // Fusion first: it sees whole functions (SiLU, the rotation) before expand-math makes them long.
  passes.addPass(mlir::createConvertElementwiseToLinalgPass());
  passes.addPass(createFuseElementwise());
  passes.addPass(createQuantize());
  passes.addPass(createExpandMath());
  passes.addPass(createOrderSums());
  // A sum's tree joins what is computed from it.
  passes.addPass(createFuseElementwise());
  AddCleanUp(passes);
}

void AddTile(OpPassManager& passes, const PipelineOptions&) {
  // The block is written out where the layers call it: from here on a step is one function.
  passes.addPass(mlir::createInlinerPass());
  AddCleanUp(passes);
  passes.addPass(createTile());
}

void AddKernels(OpPassManager& passes, const PipelineOptions&) { passes.addPass(createLinalgToDataflow()); }

void AddFuse(OpPassManager& passes, const PipelineOptions&) {
  passes.addPass(createFuse());
  AddCleanUp(passes);
}

void AddBind(OpPassManager& passes, const PipelineOptions&) {
  passes.addPass(createBind());
  AddCleanUp(passes);
}

void AddMaterialize(OpPassManager& passes, const PipelineOptions& options) {
  MaterializeOptions materialize;
  materialize.channels = options.weight_channels;
  materialize.unroll = options.unroll;
  passes.addPass(createMaterialize(materialize));
  passes.addPass(createOrderProcesses());
}

void AddSize(OpPassManager& passes, const PipelineOptions& options) {
  passes.addPass(createAssignChannels());
  SizeFifosOptions fifos;
  // So many words of a weight channel go on coming while the engine waits for activations.
  fifos.blocks = contract::kWeightsFifoWords / contract::kMaxBlockWords;
  fifos.exact = options.exact_depths;
  passes.addPass(createSizeFifos(fifos));
  passes.addPass(createVerifyBound());
}

constexpr PipelineStage kStages[] = {
    {"quantise", AddNumerics}, {"tile", AddTile}, {"kernels", AddKernels},
    {"fuse", AddFuse},         {"bind", AddBind}, {"materialise", AddMaterialize},
    {"size", AddSize},
};

// PipelineOptions on a command line.
struct DataflowOptions : mlir::PassPipelineOptions<DataflowOptions> {
  Option<std::string> platform{*this, "platform",
                               llvm::cl::desc("Card model (default: the module's, or u55c)")};
  Option<int64_t> weight_channels{*this, "weight-channels",
                                  llvm::cl::desc("Channels for weights (0: the platform's)"),
                                  llvm::cl::init(PipelineOptions().weight_channels)};
  Option<int64_t> unroll{*this, "unroll", llvm::cl::desc("Rows of activations at a time (0: the platform's)"),
                         llvm::cl::init(PipelineOptions().unroll)};
  Option<bool> exact{*this, "exact", llvm::cl::desc("Set every depth to its minimum"),
                     llvm::cl::init(PipelineOptions().exact_depths)};
};

}  // namespace

llvm::ArrayRef<PipelineStage> PipelineStages() { return kStages; }

void BuildNumericsPipeline(OpPassManager& passes) { AddNumerics(passes, {}); }

void BuildSamplesPipeline(OpPassManager& passes) { AddSamples(passes); }

void RegisterPipelines() {
  registerStreamTensorPasses();
  mlir::PassPipelineRegistration<>(
      "numerics", "imported -> ordered: the passes that fix every bit of the results", BuildNumericsPipeline);
  mlir::PassPipelineRegistration<DataflowOptions>(
      "dataflow", "ordered -> sized: the passes that make the design",
      [](OpPassManager& passes, const DataflowOptions& given) {
        AttachPlatformOptions platform;
        platform.name = given.platform;
        passes.addPass(createAttachPlatform(platform));
        const PipelineOptions options{given.weight_channels, given.unroll, given.exact};
        for (const PipelineStage& stage : PipelineStages().drop_front()) stage.add_passes(passes, options);
      });
}

}  // namespace streamtensor::compiler
