// SPDX-License-Identifier: Apache-2.0
// The functions that Vitis HLS has cores for.
#ifndef ST_SCHEDULE_MATH_H
#define ST_SCHEDULE_MATH_H
extern "C" float sqrtf(float) __attribute__((const, nothrow));
extern "C" float expf(float) __attribute__((const, nothrow));
extern "C" double sqrt(double) __attribute__((const, nothrow));
#endif
