// SPDX-License-Identifier: Apache-2.0
// What a checkpoint says of attention windows, in either dialect. Free of MLIR.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/hyperparameters.h"

namespace streamtensor::compiler {

// Which layers of an architecture have the window that a checkpoint states.
enum class WindowedLayers {
  kNone,      // it has no windows
  kAll,       // all, or those that `layer_types` lists
  kFlagged,   // none without `use_sliding_window`; with it those from `max_window_layers` on, or as listed
  kPeriodic,  // all but the last of every six, or of every `sliding_window_pattern`, or as listed
};

// One a layer: how many positions a token sees, itself included; 0: all. Empty when every layer sees all.
//  UNIMPLEMENTED, INVALID_ARGUMENT  names the key and what it holds
absl::StatusOr<std::vector<int64_t>> ReadWindows(Hyperparameters keys, int64_t layers,
                                                 WindowedLayers windowed);

}  // namespace streamtensor::compiler
