// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <xmmintrin.h>

namespace streamtensor::runtime::card {

// The numerics' float mode while it lives: round to nearest even, flush-to-zero, denormals-are-zero.
class ScopedFloatMode {
 public:
  ScopedFloatMode() : saved_(_mm_getcsr()) {
    constexpr unsigned kExceptionsMasked = 0x1f80, kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
    _mm_setcsr(kExceptionsMasked | kFlushToZero | kDenormalsAreZero);
  }
  ~ScopedFloatMode() { _mm_setcsr(saved_); }
  ScopedFloatMode(const ScopedFloatMode&) = delete;
  ScopedFloatMode& operator=(const ScopedFloatMode&) = delete;

 private:
  unsigned saved_;
};

}  // namespace streamtensor::runtime::card
