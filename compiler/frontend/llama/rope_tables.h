// SPDX-License-Identifier: Apache-2.0
// RoPE: which elements of a head turn together, and by which angle at which position. Free of MLIR.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/llama/llama_keys.h"

namespace streamtensor::compiler {

// Which elements of a head turn together.
enum class RopePairs {
  kInterleaved,  // 2i and 2i + 1: how GGUF stores Llama's heads
  kHalves,       // i and i + head_dim / 2
  kNone,         // no rotation
};

// Pair i of head_dim / 2 turns by frequency[i] radians a position:
//   f = base^(-2 i / head_dim) / divisors[i], divided by `factor`; with YaRN, of the pairs that turn often
//   within the original context (32 times and more) not at all, down to once by a growing share.
struct RopeConfig {
  double base = 10000;
  double factor = 1;
  bool yarn = false;
  int64_t original_context = 0;  // YaRN: positions before scaling
  double magnitude = 1;          // cosines and sines are multiplied by it
  std::vector<float> divisors;   // empty: all 1
};

// Names of the tables among the weights, and of the divisors in the file.
inline constexpr char kRopeCos[] = "rope.cos";
inline constexpr char kRopeSin[] = "rope.sin";
inline constexpr char kRopeDivisors[] = "rope_freqs.weight";

// Reads the `rope.` keys and the tensor of divisors, if there is one.
//  UNIMPLEMENTED     scaling of another kind; names it
//  INVALID_ARGUMENT  a key or the tensor holds what it can't; names it
absl::StatusOr<RopeConfig> ReadRopeConfig(LlamaKeys keys, int64_t head_dim, int64_t trained_context);

// In double.
std::vector<double> RopeFrequencies(const RopeConfig& config, int64_t head_dim);

// [positions, head_dim / 2]
struct RopeTables {
  std::vector<float> cosines;
  std::vector<float> sines;
};
RopeTables MakeRopeTables(const RopeConfig& config, int64_t head_dim, int64_t positions);

}  // namespace streamtensor::compiler
