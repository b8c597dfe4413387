// SPDX-License-Identifier: Apache-2.0
// A design as a process network, for one step shape.
#pragma once

#include <vector>

#include "compiler/analysis/network.h"
#include "compiler/analysis/step_shape.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::compiler {

TakenRows FirstRows(int64_t tokens, int64_t logits);
TakenRows LastRows(int64_t tokens, int64_t logits);

// Layers of a run that proves any number of them, where layers carry at most two values
// (docs/proofs/fifo-depths.md).
inline constexpr int64_t kLayersToProve = 3;

struct DesignNetwork {
  Network network;
  std::vector<dataflow::StreamOp> streams;  // by channel
};

// Whether such a stream carries no data: step headers, page tables, done tokens.
bool IsControl(dataflow::ChannelKind kind);

// Which streams a network holds.
enum class NetworkScope {
  // The streams that carry data. Control streams are in no cycle (docs/proofs/fifo-depths.md).
  kData,
  kEverything,
};

// The network at the streams' depths: what each process' kind says of it, by the interface. Fails, with a
// diagnostic at the process, where a body's trip counts are neither constants nor symbols.
mlir::FailureOr<DesignNetwork> BuildNetwork(dataflow::DesignOp design, const StepShape& shape,
                                            const NetworkCosts& costs = {},
                                            NetworkScope scope = NetworkScope::kData);

// Step shapes whose runs prove all (docs/proofs/fifo-depths.md): every number of tokens T up to the bound
// with every number of logits W, for the first W rows and for the last W, and the empty step of a faulty
// descriptor. With several processes that choose rows, each combination. Fails where there are more than
// kMaxRowChoices.
mlir::FailureOr<std::vector<StepShape>> ShapesToProve(dataflow::DesignOp design);
inline constexpr size_t kMaxRowChoices = 3;

}  // namespace streamtensor::compiler
