// SPDX-License-Identifier: Apache-2.0
// How steps of more and more tokens stand below what memory and engine would allow.
#pragma once

#include "absl/status/statusor.h"
#include "compiler/simulation/sized_design.h"
#include "llvm/Support/JSON.h"

namespace streamtensor::compiler {

// A point for 1, 2, 4, ... tokens and the design's most, each a sequence of its own as the first of `mix`;
// of a module without sequences, rows of one step. {"tokens", "chosen": like `mix`, "bytes": of memory
// traffic, "cycles": with the gap, "peak_cycles": what the bytes take at the peak of all banks,
// "bank_cycles": what the busiest bank takes, "engine_cycles": what the engine computes}.
absl::StatusOr<llvm::json::Array> RooflineData(const SizedDesign& design, const StepMix& mix);

}  // namespace streamtensor::compiler
