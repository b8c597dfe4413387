// SPDX-License-Identifier: Apache-2.0
// The properties of a step that determine its stream traffic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace streamtensor::compiler {

// Which rows a process that chooses rows passes on, by row.
using TakenRows = std::vector<bool>;

struct StepShape {
  int64_t tokens = 1;  // T
  int64_t layers = 1;  // how many of the design's layers to run
  // By process that chooses rows, in the design's order; the last one stands for those beyond. Each holds T
  // flags, W of them set. In a step all are alike; a proof may tell them apart.
  std::vector<TakenRows> taken = {TakenRows(1, true)};

  int64_t logits() const { return std::count(taken[0].begin(), taken[0].end(), true); }  // W
};

// What the operations of a network cost, beyond what the design says itself; for network_timing.h.
struct NetworkCosts {
  double words_per_cycle = 1;    // that a weight channel delivers
  double first_word_cycles = 0;  // from its first address to its first word
  int64_t context_pages = 0;     // below `start`, that each token attends to
};

}  // namespace streamtensor::compiler
