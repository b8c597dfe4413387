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

// Layers that stand for any number. A network that stops has a cycle of events each of which waits for the
// next; give every event the layer of its data (a carry's read belongs to the layer that made the row). No
// event waits for one of a later layer, so that a cycle lies within one layer, the prologue or the epilogue,
// and all layers but the first and the last (which differ in the carry's ends) are alike. Weights are no part
// of it: who loads them waits for the engine alone.
inline constexpr int64_t kLayersToProve = 3;

struct DesignNetwork {
  Network network;
  std::vector<dataflow::StreamOp> streams;  // by channel
};

// Whether such a stream carries no data: step headers, page tables, done tokens.
bool IsControl(dataflow::ChannelKind kind);

// Which streams a network holds.
enum class NetworkScope {
  // What carries data: enough for a proof. Every process reads its header (and the page table, where it takes
  // one) before anything else, whoever writes headers and page tables reads nothing, and done tokens are
  // written last: none of them can be part of a cycle.
  kData,
  kEverything,
};

// The network at the streams' depths: what each process' kind says of it, by the interface. Fails, with a
// diagnostic at the process, where a body's trip counts are neither constants nor symbols.
mlir::FailureOr<DesignNetwork> BuildNetwork(dataflow::DesignOp design, const StepShape& shape,
                                            const NetworkCosts& costs = {},
                                            NetworkScope scope = NetworkScope::kData);

// Step shapes that stand for all: T = 1..bound with every W, the first W rows taken and the last W, and the
// empty step of a faulty descriptor. The two are enough: which rows are taken changes nothing but where a
// process that chooses rows writes among its reads. A cycle enters its sequence once and leaves it later:
// from a read to a read or a write to a write, which any choice has; from a read to a later write, which
// taking the last rows has if any choice does; or from a write to a later read, which taking the first rows
// has if any does. With several such processes each combination is listed. Fails where there are more than
// kMaxRowChoices.
mlir::FailureOr<std::vector<StepShape>> ShapesToProve(dataflow::DesignOp design);
inline constexpr size_t kMaxRowChoices = 3;

}  // namespace streamtensor::compiler
