// SPDX-License-Identifier: Apache-2.0
// A design as a process network, for one step shape.
#pragma once

#include "compiler/analysis/network.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::compiler {

// Which rows a process of kind take_rows passes on, by row.
using TakenRows = std::vector<bool>;

struct StepShape {
  int64_t tokens = 1;  // T
  int64_t layers = 1;  // how many of the design's layers to run
  // By take_rows process, in the design's order; the last one stands for those beyond. Each holds T flags, W
  // of them set. In a step all are alike; a proof may tell them apart.
  std::vector<TakenRows> taken = {TakenRows(1, true)};

  int64_t logits() const;  // W
};

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

// What the operations of a network cost, beyond what the design says itself; for network_timing.h.
struct NetworkCosts {
  double words_per_cycle = 1;    // that a weight channel delivers
  double first_word_cycles = 0;  // from its first address to its first word
  int64_t context_pages = 0;     // below `start`, that each token attends to
};

// The network at the streams' depths. Header traffic is left out: every process reads its header before
// anything else and the fan-out writes nothing but headers, so that it can't be part of a cycle. Fails, with
// a diagnostic at the process, where a body's trip counts are neither constants nor symbols.
mlir::FailureOr<DesignNetwork> BuildNetwork(dataflow::DesignOp design, const StepShape& shape,
                                            const NetworkCosts& costs = {});

// Step shapes that stand for all: T = 1..bound with every W, the first W rows taken and the last W, and the
// empty step of a faulty descriptor. The two are enough: which rows are taken changes nothing but where
// take_rows writes among its reads. A cycle enters its sequence once and leaves it later: from a read to a
// read or a write to a write, which any choice has; from a read to a later write, which taking the last rows
// has if any choice does; or from a write to a later read, which taking the first rows has if any does. With
// several take_rows processes each combination is listed. Fails where there are more than kMostTakeRows.
mlir::FailureOr<std::vector<StepShape>> ShapesToProve(dataflow::DesignOp design);
inline constexpr size_t kMostTakeRows = 3;

}  // namespace streamtensor::compiler
