// SPDX-License-Identifier: Apache-2.0
// Modelled cycles and energy of a step, from the sized dataflow.design: what the emitted loops cost at
// their initiation intervals, how issues wait for each other through the network, and how fast the
// memory channels can deliver. Nothing here is measured.
//
// A first version: rows stream through kernels one by one; converters, frames and attention take all
// rows before they give one; the engine works issue by issue on tiles of 16 rows x 32 k; DMA runs
// ahead of it as far as the weight FIFOs reach. HBM refresh and routing are not modelled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/targets/platform/platform.h"
#include "mlir/Support/LogicalResult.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

// One launch of T tokens with W rows of logits and no context.
struct StepCycles {
  uint64_t total = 0;          // launch gap included
  uint64_t engine_busy = 0;    // the engine computes
  uint64_t engine_waits = 0;   // ... waits for a frame (a dependency)
  uint64_t memory_waits = 0;   // ... waits for weights
  uint64_t memory_needed = 0;  // what the weights take at the channels' rate
};

struct CycleModel {
  artifact::v1::TimingModel timing;
  std::vector<StepCycles> steps;  // T = 1..step_tokens, one row of logits
};

// Tiles the engine works on in parallel: attribute `unroll` of its process, 1 when absent.
//
// Fails with a diagnostic where the design's lists contradict each other.
mlir::FailureOr<CycleModel> ModelCycles(dataflow::DesignOp design, const Platform& platform,
                                        uint64_t weight_bytes_per_step, uint64_t kv_page_bytes);

}  // namespace streamtensor::compiler
