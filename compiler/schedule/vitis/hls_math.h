// SPDX-License-Identifier: Apache-2.0
#ifndef ST_SCHEDULE_HLS_MATH_H
#define ST_SCHEDULE_HLS_MATH_H
#include "math.h"
namespace hls {
inline float exp(float x) { return expf(x); }
inline float sqrt(float x) { return sqrtf(x); }
inline float abs(float x) { return __builtin_fabsf(x); }
inline float max(float a, float b) { return a > b ? a : b; }
inline float min(float a, float b) { return a < b ? a : b; }
}  // namespace hls
#endif
