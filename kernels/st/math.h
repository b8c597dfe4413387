// SPDX-License-Identifier: Apache-2.0
// Float32 arithmetic of docs/architecture.md section 2, in exactly its operations.
#ifndef ST_MATH_H
#define ST_MATH_H

#include <stdint.h>

#include "word.h"

namespace st {

// round half to even, for |v| < 2^22.
inline float round_half_even(float v) { return (v + 12582912.0f) - 12582912.0f; }

inline float exp_approx(float x) {
#pragma HLS INLINE
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float t = x * 1.44269504f;
  const float n = round_half_even(t);
  const float r = (x - n * 0.693359375f) - n * (-2.12194440e-4f);
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = (p * (r * r) + r) + 1.0f;
  return y * float_of_bits(static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23);
}

// The end of a Float sum: p[j] + p[j+8], then +4, +2, +1.
inline float sum_tree(const float (&p)[16]) {
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
  float p[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const int whole = n / 16 * 16;
  for (int i = 0; i < whole; i += 16) {
#pragma HLS PIPELINE
    for (int lane = 0; lane < 16; ++lane) {
#pragma HLS UNROLL
      p[lane] = p[lane] + x[i + lane];
    }
  }
  for (int lane = 0; lane < 16; ++lane) {
#pragma HLS UNROLL
    if (whole + lane < n) p[lane] = p[lane] + x[whole + lane];
  }
  return sum_tree(p);
}

}  // namespace st

#endif
