// SPDX-License-Identifier: Apache-2.0
// Modelled cycles and energy of a step, from the sized dataflow.design: its process network with what each
// operation of the emitted text costs (process_cycles.h), at the depths of its FIFOs and the rate of the
// platform's memory, run to the end for each step shape (network_timing.h). Nothing here is measured.
//
// Not modelled: routing (clocks are as the platform says), contention of two pointers for one memory bank,
// partial writes. Refresh and the borders of bursts lower the banks' rate evenly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/analysis/network_builder.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/platform/platform.h"
#include "mlir/Support/LogicalResult.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

// One launch, without the gap to the next.
struct StepCycles {
  uint64_t total = 0;
  uint64_t engine_busy = 0;          // the engine computes
  uint64_t engine_waits = 0;         // ... waits for a frame (a dependency)
  uint64_t engine_weight_waits = 0;  // ... waits for weights
  uint64_t engine_result_waits = 0;  // ... waits for somebody to take results
  uint64_t memory_needed = 0;        // what the weights take at the channels' rate
};

// All layers of `design`, with `shape.taken` rows of logits. Fails, with a diagnostic, where BuildNetwork
// does.
mlir::FailureOr<StepCycles> ModelStepCycles(dataflow::DesignOp design, const Platform& platform,
                                            StepShape shape, int64_t context_pages = 0);

struct CycleModel {
  artifact::v1::TimingModel timing;
  std::vector<StepCycles> steps;  // T = 1..step_tokens, one row of logits, no context
  int64_t weight_channels = 0;    // that weights are distributed over
  int64_t unroll = 1;             // rows of activations the engine works on at a time
  int64_t engine_dsps = 0;        // modelled
  double memory_seconds_floor =
      0;  // what a step's bytes take at the peak of all the card's channels: the roofline
};

mlir::FailureOr<CycleModel> ModelCycles(dataflow::DesignOp design, const Platform& platform,
                                        uint64_t weight_bytes_per_step, uint64_t kv_page_bytes);

}  // namespace streamtensor::compiler
