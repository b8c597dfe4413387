// SPDX-License-Identifier: Apache-2.0
// Declarations only, for the lint, which compiles without a C library.
#ifndef ST_LINT_MATH_H
#define ST_LINT_MATH_H

extern "C" float sqrtf(float x);

#endif
