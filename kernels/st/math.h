// SPDX-License-Identifier: Apache-2.0
// Float32 arithmetic of docs/architecture.md section 2, in exactly its operations.
#ifndef ST_MATH_H
#define ST_MATH_H

#include <math.h>
#include <stdint.h>

#include "contract/numerics.h"
#include "word.h"

namespace st {

// round half to even, for |v| < 2^22.
inline float round_half_even(float v) { return (v + contract::kRoundShift) - contract::kRoundShift; }

inline float exp_approx(float x) {
#pragma HLS INLINE
  x = x < contract::kExpLeast ? contract::kExpLeast : x;
  x = x > contract::kExpMost ? contract::kExpMost : x;
  const float t = x * contract::kLog2OfE;
  const float n = round_half_even(t);
  const float r = (x - n * contract::kLn2High) - n * contract::kLn2Low;
  float p = contract::kExpCoefficients[0];
  p = p * r + contract::kExpCoefficients[1];
  p = p * r + contract::kExpCoefficients[2];
  p = p * r + contract::kExpCoefficients[3];
  p = p * r + contract::kExpCoefficients[4];
  p = p * r + contract::kExpCoefficients[5];
  const float y = (p * (r * r) + r) + 1.0f;
  const uint32_t exponent = static_cast<uint32_t>(static_cast<int32_t>(n) + contract::kFloatExponentBias);
  return y * float_of_bits(exponent << contract::kFloatMantissaBits);
}

// The end of a Float sum: p[j] + p[j+8], then +4, +2, +1.
inline float sum_tree(const float (&p)[contract::kSumPartials]) {
#pragma HLS INLINE
  float a[8];
  for (int j = 0; j < 8; ++j) {
#pragma HLS UNROLL
    a[j] = p[j] + p[j + 8];
  }
  for (int j = 0; j < 4; ++j) {
#pragma HLS UNROLL
    a[j] = a[j] + a[j + 4];
  }
  a[0] = a[0] + a[2];
  a[1] = a[1] + a[3];
  return a[0] + a[1];
}

// Float sum of x[0..n-1].
inline float sum_floats(const float* x, int n) {
  float p[contract::kSumPartials] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const int whole = n / contract::kSumPartials * contract::kSumPartials;
  for (int i = 0; i < whole; i += contract::kSumPartials) {
#pragma HLS PIPELINE
    for (int lane = 0; lane < contract::kSumPartials; ++lane) {
#pragma HLS UNROLL
      p[lane] = p[lane] + x[i + lane];
    }
  }
  for (int lane = 0; lane < contract::kSumPartials; ++lane) {
#pragma HLS UNROLL
    if (whole + lane < n) p[lane] = p[lane] + x[whole + lane];
  }
  return sum_tree(p);
}

}  // namespace st

#endif
