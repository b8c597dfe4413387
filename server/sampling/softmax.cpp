// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/softmax.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/contract/numerics.h"

namespace streamtensor::server {
namespace {

constexpr size_t kPartials = 16;

// exp for x <= 0: x = n*ln 2 + r, a polynomial in r (Cephes' coefficients), n into the exponent. Without
// branches and library calls, so that the loop around it becomes vector code; for that the bounds are
// compared as integers, whose order among negative floats is the reverse.
inline float ExpOfNegative(float x) {
  constexpr uint32_t kLeast = std::bit_cast<uint32_t>(contract::kExpLeast);
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const float bounded = std::bit_cast<float>(bits < kLeast ? bits : kLeast);
  const float n = (bounded * contract::kLog2OfE + contract::kRoundShift) - contract::kRoundShift;
  const float r = (bounded - n * contract::kLn2High) - n * contract::kLn2Low;
  float p = contract::kExpCoefficients[0];
  p = p * r + contract::kExpCoefficients[1];
  p = p * r + contract::kExpCoefficients[2];
  p = p * r + contract::kExpCoefficients[3];
  p = p * r + contract::kExpCoefficients[4];
  p = p * r + contract::kExpCoefficients[5];
  const float y = (p * (r * r) + r) + 1.0f;
  const auto power = static_cast<uint32_t>(static_cast<int32_t>(n) + contract::kFloatExponentBias)
                     << contract::kFloatMantissaBits;
  const uint32_t kept = bits > kLeast ? 0u : ~0u;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(y * std::bit_cast<float>(power)) & kept);
}

}  // namespace

float LargestLogit(std::span<const float> logits, bool& is_nan) {
  float largest[kPartials];
  uint32_t nan[kPartials] = {};
  std::fill_n(largest, kPartials, -std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + kPartials <= logits.size(); i += kPartials) {
    // g++ would unroll this loop before it looks for vector code, and then find none: six times slower.
#pragma GCC unroll 1
    for (size_t lane = 0; lane < kPartials; ++lane) {
      const float logit = logits[i + lane];
      largest[lane] = logit > largest[lane] ? logit : largest[lane];
      nan[lane] |= logit != logit ? 1u : 0u;
    }
  }
  for (; i < logits.size(); ++i) {
    largest[0] = std::max(largest[0], logits[i]);
    nan[0] |= logits[i] != logits[i] ? 1u : 0u;
  }
  is_nan = std::any_of(nan, nan + kPartials, [](uint32_t flag) { return flag != 0; });
  return *std::max_element(largest, largest + kPartials);
}

double Weights(std::span<const float> logits, float largest, float inverse_temperature,
               std::vector<float>& weights) {
  weights.resize(logits.size());
  const float* from = logits.data();
  float* to = weights.data();
  const size_t count = logits.size();
  for (size_t i = 0; i < count; ++i) to[i] = ExpOfNegative((from[i] - largest) * inverse_temperature);
  double sums[kPartials] = {};
  size_t i = 0;
  for (; i + kPartials <= count; i += kPartials) {
    for (size_t lane = 0; lane < kPartials; ++lane) sums[lane] += to[i + lane];
  }
  for (; i < count; ++i) sums[0] += to[i];
  double sum = 0;
  for (double part : sums) sum += part;
  return sum;
}

}  // namespace streamtensor::server
