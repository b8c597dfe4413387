// SPDX-License-Identifier: Apache-2.0
// A design as a process network, for one step shape.
#pragma once

#include "compiler/analysis/network.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::compiler {

struct StepShape {
  int64_t tokens = 1;  // T
  int64_t logits = 1;  // W <= T
  int64_t layers = 1;  // how many of the design's layers to run
};

// Layers that stand for any number: what a layer meets (the channel its weights begin at, the frames left by
// the one before) is the same from the second on, once the first and the last have been seen.
inline constexpr int64_t kLayersToProve = 3;

struct DesignNetwork {
  Network network;
  std::vector<dataflow::StreamOp> streams;  // by channel
};

// The network at the streams' depths. Header traffic is left out: every process reads its header before
// anything else and the fan-out writes nothing but headers, so that it can't be part of a cycle. Fails, with
// a diagnostic at the process, where a body's trip counts are neither constants nor symbols.
mlir::FailureOr<DesignNetwork> BuildNetwork(dataflow::DesignOp design, const StepShape& shape);

// Every step shape that is proved: T = 1..bound with W = 0, 1 and T, and the empty step of a faulty
// descriptor.
std::vector<StepShape> ShapesToProve(dataflow::DesignOp design);

}  // namespace streamtensor::compiler
