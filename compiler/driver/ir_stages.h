// SPDX-License-Identifier: Apache-2.0
// The stages that change the IR: names of docs/architecture.md, section 1, and the passes of each.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {

struct IrStage {
  std::string name;
  std::string pipeline;  // of passes, as streamtensor-opt takes it
};

struct IrStageOptions {
  int64_t channels = 32;        // memory channels the platform has
  int64_t weight_channels = 4;  // that weights are dealt over
  int64_t unroll = 1;           // tiles the engine works on at a time
};

// From the imported module to the sized design, in order.
std::vector<IrStage> IrStages(const IrStageOptions& options);

// Makes every pass known by its name. Once a process; more often does no harm.
void RegisterIrPasses();

// Runs one stage. The first error diagnostic is the status' message.
absl::Status RunIrStage(const IrStage& stage, mlir::ModuleOp module);

}  // namespace streamtensor::compiler
