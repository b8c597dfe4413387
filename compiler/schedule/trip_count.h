// SPDX-License-Identifier: Apache-2.0
// The trip count of a loop as a formula.
#pragma once

#include <optional>

#include "compiler/schedule/cycle_formula.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"

namespace streamtensor::schedule {

// Of what a process reads first: a word of 32 bits of an element that it takes from FIFO `headers` before any
// loop is the symbol "headers.0", "headers.1", ... Bounds that are constant (min, max, a clamp) are left out,
// so the formula holds within them; the lesser of two words
// is a symbol "min(headers.0, headers.1)". Nothing if the count depends on anything else.
std::optional<CycleFormula> TripCountFormula(const llvm::Loop& loop, const llvm::LoopInfo& loops,
                                             llvm::ScalarEvolution& scev);

}  // namespace streamtensor::schedule
