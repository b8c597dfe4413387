// SPDX-License-Identifier: Apache-2.0
// The modelled cycles of a small Llama follow the formulas of docs/compiler.md: they change as predicted with
// layers, weight channels and lanes, and the manifest's closed form is the simulation's.
#include "compiler/analysis/cycle_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "artifact/timing_model.h"
#include "compiler/driver/ir_stages.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/passes/attach_platform.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {
namespace {

Platform U55c() {
  absl::StatusOr<Platform> platform = ReadPlatform(ST_PLATFORM_DIR "/u55c.yaml");
  EXPECT_TRUE(platform.ok()) << platform.status();
  return *platform;
}

// 192 wide (6 groups), 384 inner, 6 query and 2 KV heads of 32,
// 384 tokens with a Q8_0 head.
class SizedModel {
 public:
  explicit SizedModel(int layers, int64_t channels = 4, int64_t unroll = 1) {
    absl::StatusOr<ImportedModel> model =
        ImportModel(ST_MODEL_PREFIX + std::to_string(layers) + ".gguf", {}, &context_);
    EXPECT_TRUE(model.ok()) << model.status();
    if (!model.ok()) return;
    module_ = std::move(model->module);
    AttachPlatform(*module_, U55c());
    PipelineOptions options;
    options.weight_channels = channels;
    options.unroll = unroll;
    const absl::Status status = RunIrStages(options, *module_);
    EXPECT_TRUE(status.ok()) << status;
    if (!status.ok()) return;
    design_ = *module_->getOps<dataflow::DesignOp>().begin();
  }

  StepCycles Step(int64_t tokens, int64_t logits, const Platform& platform, int64_t pages = 0) {
    const auto cycles = ModelStepCycles(design_, platform, {tokens, 1, {LastRows(tokens, logits)}}, pages);
    EXPECT_TRUE(mlir::succeeded(cycles));
    return mlir::succeeded(cycles) ? *cycles : StepCycles();
  }

  dataflow::DesignOp design() const { return design_; }

 private:
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  dataflow::DesignOp design_;
};

TEST(CycleModel, EachFurtherLayerCostsTheSame) {
  const Platform platform = U55c();
  for (int64_t tokens : {1, 16}) {
    const auto two = static_cast<double>(SizedModel(2).Step(tokens, 1, platform).total),
               four = static_cast<double>(SizedModel(4).Step(tokens, 1, platform).total),
               eight = static_cast<double>(SizedModel(8).Step(tokens, 1, platform).total);
    EXPECT_GT(four, two);
    EXPECT_NEAR((eight - four) / (four - two), 2.0, 0.02) << tokens;
  }
}

// Of the engine, from its loops alone: rounds, each with a first pass that takes words and
// more passes; fills; the results of the last round. With 4 channels each holds a row tile: rounds of four.
int64_t EngineCycles(int64_t layers, int64_t tokens, int64_t logits, int64_t lanes) {
  auto issue = [&](int64_t bits, int64_t groups, int64_t row_tiles, int64_t rows) {
    const int64_t words = bits == 4 ? 4 : 8, passes = (rows + lanes - 1) / lanes,
                  leaving = 4 * std::min(rows, lanes);
    const int64_t first = std::max(groups * (words + 1), leaving), other = std::max(groups * words, leaving);
    return row_tiles / 4 * (first + (passes - 1) * other) + 26 + 4 * rows;
  };
  const int64_t layer =
      issue(4, 6, 20, tokens) + issue(4, 6, 12, tokens) + issue(4, 6, 48, tokens) + issue(4, 12, 12, tokens);
  return layers * layer + issue(8, 6, 24, logits);
}

TEST(CycleModel, TheEngineComputesAsItsLoopsSay) {
  const Platform platform = U55c();
  for (int64_t lanes : {1, 2, 3, 6}) {
    SizedModel model(4, 4, lanes);
    for (int64_t tokens : {1, 7, 16}) {
      EXPECT_EQ(static_cast<int64_t>(model.Step(tokens, 1, platform).engine_busy),
                EngineCycles(4, tokens, 1, lanes))
          << lanes << " lanes, T = " << tokens;
    }
  }
}

TEST(CycleModel, WithSlowMemoryTwiceTheChannelsHalveTheStep) {
  Platform slow = U55c();
  slow.memory.bytes_per_second_per_bank /= 500;
  double before = 0;
  for (int64_t channels : {2, 4, 8}) {
    const StepCycles step = SizedModel(8, channels, 6).Step(1, 1, slow);
    EXPECT_GE(step.total, step.memory_needed);
    EXPECT_NEAR(static_cast<double>(step.memory_needed) / static_cast<double>(step.total), 1.0, 0.05);
    const auto total = static_cast<double>(step.total);
    if (before > 0) {
      EXPECT_NEAR(before / total, 2.0, 0.1) << channels;
    }
    before = total;
  }
}

TEST(CycleModel, FifosThatAreDeeperNeverCostCycles) {
  const Platform platform = U55c();
  SizedModel model(2, 4, 6);
  const uint64_t sized = model.Step(16, 1, platform).total;
  for (auto stream : model.design().getBody().getOps<dataflow::StreamOp>()) {
    stream.setDepth(std::max<uint64_t>(stream.getMinimum().value_or(2), 1));
  }
  const uint64_t least = model.Step(16, 1, platform).total;
  EXPECT_GT(least, sized) << "back-pressure of the least depths is not seen";
}

TEST(CycleModel, AStepWaitsForItsLaunch) {
  Platform platform = U55c();
  platform.clock_hz = 200e6;
  platform.launch_seconds = 10e-6;
  SizedModel model(4, 4, 6);
  const mlir::FailureOr<CycleModel> made = ModelCycles(model.design(), platform, 1 << 20, 4096);
  ASSERT_TRUE(mlir::succeeded(made));
  EXPECT_EQ(made->timing.launch_cycles(), 2000);
  EXPECT_EQ(artifact::ModelStep(made->timing, {1, 1, 0}).cycles, model.Step(1, 1, platform, 0).total + 2000);
}

// Between the shapes it is made from, the manifest's closed form stays near the simulation.
TEST(CycleModel, TheClosedFormIsTheSimulation) {
  const Platform platform = U55c();
  SizedModel model(4, 4, 6);
  const mlir::FailureOr<CycleModel> made = ModelCycles(model.design(), platform, 1 << 20, 4096);
  ASSERT_TRUE(mlir::succeeded(made));
  ASSERT_EQ(made->timing.step_cycles_size(), 16);
  const struct {
    uint32_t tokens, logits;
    int64_t pages;  // that each token attends to
  } shapes[] = {{1, 1, 0}, {1, 1, 3}, {16, 1, 0}, {16, 16, 0}, {5, 3, 0}, {9, 9, 2}, {16, 4, 4}};
  for (const auto& shape : shapes) {
    const auto simulated =
        static_cast<double>(model.Step(shape.tokens, shape.logits, platform, shape.pages).total);
    const artifact::ModelledStep closed = artifact::ModelStep(
        made->timing, {shape.tokens, shape.logits, static_cast<uint64_t>(shape.tokens * shape.pages)});
    const auto cycles = static_cast<double>(closed.cycles - made->timing.launch_cycles());
    // It counts a page for each token that attends to it; a step reads it once.
    EXPECT_GE(cycles / simulated, 0.9) << "T = " << shape.tokens << ", pages = " << shape.pages;
    EXPECT_LE(cycles / simulated, shape.tokens > 1 && shape.pages > 0 ? 1.2 : 1.1)
        << "T = " << shape.tokens << ", W = " << shape.logits << ", pages = " << shape.pages;
  }
}

}  // namespace
}  // namespace streamtensor::compiler
