// SPDX-License-Identifier: Apache-2.0
// Scalar float operations that C++ has no operator for.
#ifndef ST_SCALAR_H
#define ST_SCALAR_H

#include <math.h>

#include "word.h"

namespace st {

// Correctly rounded; no call of a libm when built with -fno-math-errno.
inline float square_root(float x) { return sqrtf(x); }

// The value itself, which the host's compiler may not fuse into a later sum.
inline float rounded(float x) {
#pragma HLS INLINE
#ifndef __SYNTHESIS__
  asm("" : "+x"(x));
#endif
  return x;
}

inline double rounded(double x) {
#pragma HLS INLINE
#ifndef __SYNTHESIS__
  asm("" : "+x"(x));
#endif
  return x;
}

// IEEE 754's maximum and minimum: a NaN wins, +0 is greater than -0.
inline float maximum(float a, float b) {
  if (a != a) return a;
  if (b != b) return b;
  if (a == b) return float_of_bits(bits_of_float(a) & bits_of_float(b));
  return a > b ? a : b;
}
inline float minimum(float a, float b) {
  if (a != a) return a;
  if (b != b) return b;
  if (a == b) return float_of_bits(bits_of_float(a) | bits_of_float(b));
  return a < b ? a : b;
}

}  // namespace st

#endif
