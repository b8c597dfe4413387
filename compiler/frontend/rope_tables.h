// SPDX-License-Identifier: Apache-2.0
// RoPE: by which angle each pair of a head's elements is rotated at which position. Free of MLIR.
#pragma once

#include <cstdint>
#include <vector>

namespace streamtensor::compiler {

// Pair i of head_dim / 2 is rotated by frequency[i] radians a position:
//   f = base^(-2 i / head_dim) / divisors[i], divided by `factor`; with YaRN, of the pairs that turn often
//   within the original context (32 times and more) not at all, down to once by a growing share.
struct RopeConfig {
  double base = 10000;
  double factor = 1;
  bool yarn = false;
  int64_t original_context = 0;  // YaRN: positions before scaling
  double magnitude = 1;          // cosines and sines are multiplied by it
  std::vector<float> divisors;   // empty: all 1
  // LongRoPE: those of sequences that may have more positions than `original_context` and the rest of its
  // last page; empty: the same.
  std::vector<float> long_divisors;
};

// In double, by `divisors`.
std::vector<double> RopeFrequencies(const RopeConfig& config, int64_t head_dim);

enum class RopeFunction { kCosine, kSine };

// [positions x head_dim / 2], of sequences of at most so many positions
std::vector<float> RopeTable(const RopeConfig& config, int64_t head_dim, int64_t positions,
                             RopeFunction function);

}  // namespace streamtensor::compiler
