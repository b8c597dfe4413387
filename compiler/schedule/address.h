// SPDX-License-Identifier: Apache-2.0
// Addresses as linear forms of loop counters, and what two of them say of each other.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"

namespace streamtensor::schedule {

// constant + sum of steps[L] * (iteration of L) + sum of symbols[S] * S, in bytes.
struct LinearForm {
  int64_t constant = 0;
  std::map<const llvm::Loop*, int64_t> steps;
  std::map<const llvm::SCEV*, int64_t> symbols;

  int64_t Step(const llvm::Loop* loop) const {
    const auto found = steps.find(loop);
    return found == steps.end() ? 0 : found->second;
  }
  // Equal up to the constant.
  bool SameShape(const LinearForm& other) const { return steps == other.steps && symbols == other.symbols; }
};

LinearForm AddressForm(const llvm::Value* address, llvm::ScalarEvolution& scev);

// A loop of the nest that is scheduled as one.
struct NestLoop {
  const llvm::Loop* loop = nullptr;
  int64_t trip = 0;  // 0: unknown
};

struct Access {
  const LinearForm* address = nullptr;
  int64_t bytes = 0;
};

struct Dependence {
  bool same_iteration = false;  // they may touch the same bytes in an iteration
  bool unknown = false;         // nothing is known: all distances are possible
  int64_t distance = 0;         // the least positive one, in iterations of the nest as one loop; 0: none
};

// Of `later` on `earlier`. `nest` lists the loops around both, outermost first; `inner_iterations` is how
// many iterations of the flattened loop an iteration of the last of them is.
Dependence DependenceOf(const Access& earlier, const Access& later, const std::vector<NestLoop>& nest,
                        int64_t inner_iterations);

}  // namespace streamtensor::schedule
