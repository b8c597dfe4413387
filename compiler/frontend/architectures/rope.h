// SPDX-License-Identifier: Apache-2.0
// What a checkpoint says of RoPE, in either dialect, for the architectures that rotate. Free of MLIR.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "compiler/frontend/hyperparameters.h"
#include "compiler/frontend/rope_tables.h"

namespace streamtensor::compiler {

// GGUF's tensor of divisors, one for each pair of a head; a file may do without it.
inline constexpr char kRopeDivisors[] = "rope_freqs.weight";
// GGUF: the same for sequences within the original context, and for longer ones.
inline constexpr char kShortRopeDivisors[] = "rope_factors_short.weight";
inline constexpr char kLongRopeDivisors[] = "rope_factors_long.weight";

//  UNIMPLEMENTED     scaling of another kind; names it
//  INVALID_ARGUMENT  a key or the tensor of divisors holds what it can't; names it
absl::StatusOr<RopeConfig> ReadRope(const Hyperparameters& hyperparameters, int64_t head_dim,
                                    int64_t trained_context);

// Of a model whose layers with a window rotate by other angles than those without.
struct LayerRopes {
  RopeConfig global;
  RopeConfig local;  // of layers with a window
};

// As ReadRope().
absl::StatusOr<LayerRopes> ReadLayerRopes(const Hyperparameters& hyperparameters, int64_t head_dim,
                                          int64_t trained_context);

}  // namespace streamtensor::compiler
