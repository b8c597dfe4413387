// SPDX-License-Identifier: Apache-2.0
// The functions that Vitis HLS has cores for.
#ifndef ST_SCHEDULE_MATH_H
#define ST_SCHEDULE_MATH_H
extern "C" float sqrtf(float) __attribute__((const, nothrow));
extern "C" float expf(float) __attribute__((const, nothrow));
extern "C" double sqrt(double) __attribute__((const, nothrow));
inline float fabsf(float x) { return __builtin_fabsf(x); }
inline double fabs(double x) { return __builtin_fabs(x); }
inline float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
inline float fminf(float a, float b) { return __builtin_fminf(a, b); }
#endif
