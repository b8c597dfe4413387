// SPDX-License-Identifier: Apache-2.0
// A compile job: from a model to an artifact, in named stages.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/frontend/imported_model.h"
#include "kernels/contract/limits.h"

namespace mlir {
class MLIRContext;
}

namespace streamtensor::compiler {

class LinalgDecoderGraph;

enum class CompileTarget { kEmulation, kHw };

struct CompileOptions {
  std::string model;   // .gguf, a folder with safetensors, .mlir
  std::string output;  // the artifact's folder; a dry run needs none
  std::string platform = "u55c";
  CompileTarget target = CompileTarget::kEmulation;
  int64_t max_context = 0;  // positions a sequence may have; 0: what the model was trained for, at most 2048
  int64_t step_tokens = contract::kMaxStepTokens;
  int64_t weight_channels =
      0;  // that weights are distributed over, at most one a memory bank; 0: the platform's choice
  int64_t unroll = 0;  // rows of activations the engine works on at a time, 1..6; 0: the platform's
  Quantisation quantise = Quantisation::kNone;
  int threads = 2;  // for packing weights
  std::string isa;  // emulation: the one instruction set to build for; empty: all of ObjectTargets()

  // For tests and for looking.
  bool plain = false;   // build the synthesis side of every fork (HLS contract, h)
  std::string save_ir;  // a folder that gets the module after every stage
  // Neither weights nor objects. Where there is an output it gets the design: its text, reports and manifest.
  bool dry_run = false;
  // As ImportOptions::make_graph.
  std::function<std::unique_ptr<LinalgDecoderGraph>(mlir::MLIRContext*)> make_graph = nullptr;
};

// One stage has ended, or (within a stage) is partly done.
struct StageProgress {
  std::string stage;
  int index = 0;  // 1-based
  int stages = 0;
  double fraction = 0;  // of the whole job, 0..1
  double seconds = 0;   // that the stage has taken so far
  bool finished = false;
};
using ProgressCallback = std::function<void(const StageProgress&)>;

// Compiles. On success returns the artifact's folder, complete and in place, or for a dry run what
// reports/summary.txt would say; on failure leaves nothing behind. For target hw the sources are in place
// before v++ runs, and stay whatever its result; where there is no v++ the artifact is incomplete (it has no
// manifest.json). The status' message is one line that names the stage. Calls `progress` (may be empty) from
// one thread at a time.
absl::StatusOr<std::string> Compile(const CompileOptions& options, const ProgressCallback& progress);

}  // namespace streamtensor::compiler
