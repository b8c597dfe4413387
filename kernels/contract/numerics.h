// SPDX-License-Identifier: Apache-2.0
// Constants of the float32 arithmetic (docs/architecture.md, section 2) that the kernels compute and the
// compiler writes out.
#ifndef ST_CONTRACT_NUMERICS_H
#define ST_CONTRACT_NUMERICS_H

#include "word.h"

namespace streamtensor {
namespace contract {

// Partial sums of a Float sum: partial i mod 16 takes x[i].
constexpr int kSumPartials = 16;
// Partial sums of attention over positions: partial j mod 8 takes position j.
constexpr int kRowPartials = 8;
// (v + kRoundShift) - kRoundShift rounds |v| < 2^22 half to even.
constexpr float kRoundShift = 12582912.0f;  // 1.5 * 2^23
// Activations are quantised to -127..127, by one scale for a token's row; each group of them may be finer by
// 2^1 up to 2^kMaxGroupShift.
constexpr float kLargestQuantised = 127.0f;
constexpr int kMaxGroupShift = 3;
// A row without a larger value has the scale 0. Above it the reciprocal of the scale is finite.
constexpr float kLeastQuantised = 7.88860905e-31f;  // 2^-100

// exp(x), x within these bounds: y * 2^n with n = round(x * log2(e)), r = x - n*ln(2) and y = p(r)*r*r + r
// + 1. ln(2) is split in two; p's coefficients, of the highest power first, are Cephes'.
constexpr float kExpLeast = -87.0f;
constexpr float kExpMost = 88.0f;
constexpr float kLog2OfE = 1.44269504f;
constexpr float kLn2High = 0.693359375f;
constexpr float kLn2Low = -2.12194440e-4f;
constexpr int kExpDegree = 5;  // of p
constexpr float kExpCoefficients[kExpDegree + 1] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                                    4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
// Of float32: 2^n is the bits (n + bias) << mantissa.
constexpr int kFloatExponentBias = 127;
constexpr int kFloatMantissaBits = 23;

static_assert(kSumPartials == kLanes, "partial i of a sum stays in lane i of a word");

}  // namespace contract
}  // namespace streamtensor

#endif
