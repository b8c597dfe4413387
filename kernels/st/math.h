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

constexpr int kFloatExponents = 256;
inline int exponent_of(float x) {
#pragma HLS INLINE
  return static_cast<int>(bits_of_float(x) >> contract::kFloatMantissaBits) & (kFloatExponents - 1);
}

// The next four give the bits of the float operations that they stand for, which take several times as long
// on the card (docs/proofs/rounding.md).

// x * 2^power, subnormal numbers as zeros.
inline float scale_by_power(float x, int power) {
#pragma HLS INLINE
  constexpr int LAST = kFloatExponents - 1;  // of infinities
  const uint32_t bits = bits_of_float(x), sign = bits & 0x80000000u;
  const uint32_t infinity = sign | static_cast<uint32_t>(LAST) << contract::kFloatMantissaBits;
  const int exponent = exponent_of(x), scaled = exponent + power;
  uint32_t result = bits + (static_cast<uint32_t>(power) << contract::kFloatMantissaBits);
  result = scaled >= LAST ? infinity : result;
  result = scaled <= 0 ? sign : result;
  result = exponent == 0 ? sign : result;
  result = exponent == LAST ? bits : result;
  return float_of_bits(result);
}

// a <= b, neither negative nor NaN.
inline bool no_larger(float a, float b) {
#pragma HLS INLINE
  return bits_of_float(a) <= bits_of_float(b);
}

// round_half_even(v) as an integer, |v| < 2^8; 0 for a NaN.
inline int32_t rounded_integer(float v) {
#pragma HLS INLINE
  constexpr int ONE = contract::kFloatExponentBias, MANTISSA = contract::kFloatMantissaBits;
  const int exponent = exponent_of(v);
  const uint32_t magnitude = (bits_of_float(v) & ((1u << MANTISSA) - 1u)) | 1u << MANTISSA;
  // The last 15 bits are less than a half of 1 even of 128..256: one bit says whether they are all zero. Ten
  // bits are left; those of the whole part come above eleven.
  const uint32_t bits = magnitude >> 15 << 1 | ((magnitude & 0x7fffu) != 0 ? 1u : 0u);
  const int above = exponent < ONE - 2 ? 0 : exponent - (ONE - 2);
  const uint32_t placed = bits << (above > 9 ? 9 : above);
  const uint32_t odd = placed >> 11 & 1u, half = placed >> 10 & 1u;
  const uint32_t up = half != 0 && (odd != 0 || (placed & 0x3ffu) != 0) ? 1u : 0u;
  const uint32_t rounded = (placed >> 11) + up;
  const int32_t n = exponent == kFloatExponents - 1 ? 0 : static_cast<int32_t>(rounded);
  return (bits_of_float(v) >> 31) != 0 ? -n : n;
}

// x / 127, x positive and at least 2^-100, or infinite.
inline float divide_by_127(float x) {
#pragma HLS INLINE
  constexpr int MANTISSA = contract::kFloatMantissaBits;
  constexpr uint32_t DIVISOR = static_cast<uint32_t>(contract::kLargestQuantised);
  const uint32_t magnitude = (bits_of_float(x) & ((1u << MANTISSA) - 1u)) | 1u << MANTISSA;
  // The quotient of magnitude * 2^shift has the bits of a magnitude. It is rounded to the nearest; there are
  // no ties, for the divisor is odd. n / 127 is n * RECIPROCAL >> 38 for n < 2^31.
  constexpr uint64_t RECIPROCAL = 2164392969u;
  const int shift = magnitude < DIVISOR << (MANTISSA - 6) ? 7 : 6;
  const uint64_t n = (magnitude << shift) + DIVISOR / 2;
  const uint32_t quotient = static_cast<uint32_t>(n * RECIPROCAL >> 38);
  const uint32_t exponent = static_cast<uint32_t>(exponent_of(x) - shift);
  const uint32_t result = (exponent << MANTISSA) + (quotient - (1u << MANTISSA));
  return exponent_of(x) == kFloatExponents - 1 ? x : float_of_bits(result);
}

inline float exp_approx(float x) {
#pragma HLS INLINE
  x = x < contract::kExpLeast ? contract::kExpLeast : x;
  x = x > contract::kExpMost ? contract::kExpMost : x;
  const float t = x * contract::kLog2OfE;
  const float shifted = t + contract::kRoundShift;
  const float n = shifted - contract::kRoundShift;
  const float r = (x - n * contract::kLn2High) - n * contract::kLn2Low;
  float p = contract::kExpCoefficients[0];
  p = p * r + contract::kExpCoefficients[1];
  p = p * r + contract::kExpCoefficients[2];
  p = p * r + contract::kExpCoefficients[3];
  p = p * r + contract::kExpCoefficients[4];
  p = p * r + contract::kExpCoefficients[5];
  const float y = (p * (r * r) + r) + 1.0f;
  // The last bits of `shifted` are n's.
  const uint32_t exponent = bits_of_float(shifted) + static_cast<uint32_t>(contract::kFloatExponentBias);
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
