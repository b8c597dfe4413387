// SPDX-License-Identifier: Apache-2.0
// What lies in which bank of the card's memory.
#pragma once

#include "compiler/simulation/sized_design.h"
#include "llvm/Support/JSON.h"

namespace streamtensor::compiler {

// {"buffers": [{"name", "role", "bank", "banks", "bytes", "pages"}], "bank_busy": [share of the launch]}.
// Pointers to one buffer are one entry. A buffer of several banks has as many bytes in each, but for the
// last; `pages` of a pool is how many fit, and `bytes` what they take.
llvm::json::Object MemoryData(const SizedDesign& design, const SimulationResult& simulation);

}  // namespace streamtensor::compiler
