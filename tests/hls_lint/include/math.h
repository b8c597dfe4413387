// SPDX-License-Identifier: Apache-2.0
// Declarations only, for the lint, which compiles without a C library.
#ifndef ST_LINT_MATH_H
#define ST_LINT_MATH_H

extern "C" {
float acosf(float x);
float asinf(float x);
float atanf(float x);
float ceilf(float x);
float cosf(float x);
float coshf(float x);
float erff(float x);
float exp2f(float x);
float expf(float x);
float expm1f(float x);
float fabsf(float x);
float floorf(float x);
float log10f(float x);
float log1pf(float x);
float log2f(float x);
float logf(float x);
float rintf(float x);
float roundf(float x);
float sinf(float x);
float sinhf(float x);
float sqrtf(float x);
float tanf(float x);
float tanhf(float x);
float truncf(float x);
float atan2f(float x, float y);
float copysignf(float x, float y);
float fmodf(float x, float y);
float powf(float x, float y);
}

#endif
