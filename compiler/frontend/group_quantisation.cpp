// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/group_quantisation.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

constexpr int kVectorFloats = 8;

constexpr int kLargestByte = 127;
// Scales below max |x| / 95 cost more on the whole group than they can gain.
constexpr int kLeastLargestByte = 95;

constexpr float kLargestNibble = 15;
// Widths of the interval that integers span: 1, 31/32 .. 17/32 of [min x, max x].
constexpr int kWidths = 16;
constexpr float kWidthStep = 1.0f / 32;
// How often the best line is fitted again to the integers that it rounds to.
constexpr int kRefinements = 4;

float Float(uint16_t half) { return _cvtsh_ss(half); }
uint16_t HalfFromFloat(float value) {
  return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
uint16_t HalfAbove(float value) { return _cvtss_sh(value, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
bool IsFiniteHalf(uint16_t half) { return (half & 0x7c00) != 0x7c00; }

float SumOf(__m256 lanes) {
  float values[kVectorFloats];
  _mm256_storeu_ps(values, lanes);
  float sum = 0;
  for (float value : values) sum += value;
  return sum;
}

void StoreIntegers(__m256 integers, int8_t* q) {
  float values[kVectorFloats];
  _mm256_storeu_ps(values, integers);
  for (int lane = 0; lane < kVectorFloats; ++lane) q[lane] = static_cast<int8_t>(values[lane]);
}

struct Range {
  float least, greatest;
  bool is_finite;
};

Range RangeOf(std::span<const float> x) {
  __m256 least = _mm256_loadu_ps(x.data()), greatest = least, finite = _mm256_setzero_ps();
  for (size_t i = 0; i < x.size(); i += kVectorFloats) {
    const __m256 values = _mm256_loadu_ps(x.data() + i);
    least = _mm256_min_ps(least, values);
    greatest = _mm256_max_ps(greatest, values);
    // Not 0 once a value is not finite: x - x is no number then.
    finite = _mm256_or_ps(finite, _mm256_sub_ps(values, values));
  }
  float low[kVectorFloats], high[kVectorFloats];
  _mm256_storeu_ps(low, least);
  _mm256_storeu_ps(high, greatest);
  const int is_nan = _mm256_movemask_ps(_mm256_cmp_ps(finite, finite, _CMP_UNORD_Q));
  return {*std::min_element(low, low + kVectorFloats), *std::max_element(high, high + kVectorFloats),
          is_nan == 0};
}

absl::Status NotFinite() { return absl::InvalidArgumentError("its element is not a finite number"); }

//===--------------------------------------------------------------------===//
// Bytes
//===--------------------------------------------------------------------===//

// x / d as integers of -127 to 127. The bounds come first: d may be rounded down, so that a quotient passes
// them.
__m256 Bytes(__m256 x, __m256 d) {
  const __m256 bound = _mm256_set1_ps(kLargestByte);
  const __m256 quotient = _mm256_div_ps(x, d);
  const __m256 within =
      _mm256_max_ps(_mm256_min_ps(quotient, bound), _mm256_sub_ps(_mm256_setzero_ps(), bound));
  return _mm256_round_ps(within, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// Sum of squared errors when the group is quantised by scale d != 0. The search for a scale lives in here.
float ErrorOfBytes(std::span<const float> x, float d) {
  const __m256 scale = _mm256_set1_ps(d);
  __m256 errors = _mm256_setzero_ps();
  for (size_t i = 0; i < x.size(); i += kVectorFloats) {
    const __m256 values = _mm256_loadu_ps(x.data() + i);
    const __m256 error = _mm256_sub_ps(_mm256_mul_ps(Bytes(values, scale), scale), values);
    errors = _mm256_add_ps(errors, _mm256_mul_ps(error, error));
  }
  return SumOf(errors);
}

//===--------------------------------------------------------------------===//
// Nibbles
//===--------------------------------------------------------------------===//

// A scale and a minimum that float16 has. A scale of 0 makes all integers 0.
struct Line {
  uint16_t d = 0, m = 0;

  Line(float scale, float minimum) : d(HalfFromFloat(scale)), m(HalfFromFloat(minimum)) {}
  bool is_finite() const { return IsFiniteHalf(d) && IsFiniteHalf(m); }
};

// Elements and how much the squared error of each counts: the root of the group's mean square plus |x|.
struct WeighedGroup {
  std::span<const float> x;
  alignas(32) float weights[kMaxQuantisedGroup];

  explicit WeighedGroup(std::span<const float> elements) : x(elements) {
    __m256 squares = _mm256_setzero_ps();
    for (size_t i = 0; i < x.size(); i += kVectorFloats) {
      const __m256 values = _mm256_loadu_ps(x.data() + i);
      squares = _mm256_add_ps(squares, _mm256_mul_ps(values, values));
    }
    const float root = std::sqrt(SumOf(squares) / static_cast<float>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) weights[i] = root + std::fabs(x[i]);
  }
};

__m256 Nibbles(__m256 x, __m256 reciprocal, __m256 minimum) {
  const __m256 steps = _mm256_mul_ps(_mm256_sub_ps(x, minimum), reciprocal);
  const __m256 within =
      _mm256_min_ps(_mm256_max_ps(steps, _mm256_setzero_ps()), _mm256_set1_ps(kLargestNibble));
  return _mm256_round_ps(within, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

float ReciprocalOf(float d) {
  const float reciprocal = d > 0 ? 1 / d : 0;
  return std::isfinite(reciprocal) ? reciprocal : 0;
}

float ErrorOfNibbles(const WeighedGroup& group, const Line& line) {
  const __m256 scale = _mm256_set1_ps(Float(line.d)), minimum = _mm256_set1_ps(Float(line.m));
  const __m256 reciprocal = _mm256_set1_ps(ReciprocalOf(Float(line.d)));
  __m256 errors = _mm256_setzero_ps();
  for (size_t i = 0; i < group.x.size(); i += kVectorFloats) {
    const __m256 values = _mm256_loadu_ps(group.x.data() + i);
    const __m256 kept = _mm256_add_ps(_mm256_mul_ps(Nibbles(values, reciprocal, minimum), scale), minimum);
    const __m256 error = _mm256_sub_ps(kept, values);
    const __m256 square = _mm256_mul_ps(error, error);
    errors = _mm256_add_ps(errors, _mm256_mul_ps(_mm256_load_ps(group.weights + i), square));
  }
  return SumOf(errors);
}

// d and m that fit best the integers to which scale and minimum round x: least weighed squares. False: the
// integers are all the same.
bool FitLine(const WeighedGroup& group, float scale, float minimum, float* d, float* m) {
  const __m256 reciprocal = _mm256_set1_ps(ReciprocalOf(scale)), low = _mm256_set1_ps(minimum);
  __m256 w_sum = _mm256_setzero_ps(), q_sum = w_sum, qq_sum = w_sum, x_sum = w_sum, qx_sum = w_sum;
  for (size_t i = 0; i < group.x.size(); i += kVectorFloats) {
    const __m256 values = _mm256_loadu_ps(group.x.data() + i), q = Nibbles(values, reciprocal, low);
    const __m256 w = _mm256_load_ps(group.weights + i), wq = _mm256_mul_ps(w, q);
    // From the interval's end, which keeps the sums as exact as the values are.
    const __m256 above = _mm256_sub_ps(values, low);
    w_sum = _mm256_add_ps(w_sum, w);
    q_sum = _mm256_add_ps(q_sum, wq);
    qq_sum = _mm256_add_ps(qq_sum, _mm256_mul_ps(wq, q));
    x_sum = _mm256_add_ps(x_sum, _mm256_mul_ps(w, above));
    qx_sum = _mm256_add_ps(qx_sum, _mm256_mul_ps(wq, above));
  }
  const double n = SumOf(w_sum), sq = SumOf(q_sum), sqq = SumOf(qq_sum), sx = SumOf(x_sum),
               sqx = SumOf(qx_sum);
  const double determinant = n * sqq - sq * sq;
  if (determinant <= 0) return false;
  *d = static_cast<float>((n * sqx - sq * sx) / determinant);
  *m = minimum + static_cast<float>((sqq * sx - sq * sqx) / determinant);
  return true;
}

}  // namespace

absl::Status QuantiseToBytes(std::span<const float> x, int8_t* q, uint16_t* d) {
  const Range range = RangeOf(x);
  if (!range.is_finite) return NotFinite();
  const float amax = std::max(range.greatest, -range.least);
  *d = 0;
  if (amax == 0) {
    std::memset(q, 0, x.size());
    return absl::OkStatus();
  }
  // Above, so that the least of values has a scale that isn't 0.
  *d = HalfAbove(amax / kLargestByte);
  if (!IsFiniteHalf(*d)) {
    return absl::InvalidArgumentError(Message("its largest element ", amax, " needs a scale beyond float16"));
  }
  float least = ErrorOfBytes(x, Float(*d));
  for (int largest = kLargestByte; largest >= kLeastLargestByte && least > 0; --largest) {
    const uint16_t candidate = HalfFromFloat(amax / static_cast<float>(largest));
    if (candidate == 0 || !IsFiniteHalf(candidate)) continue;
    const float error = ErrorOfBytes(x, Float(candidate));
    if (error >= least) continue;
    least = error;
    *d = candidate;
  }
  const __m256 scale = _mm256_set1_ps(Float(*d));
  for (size_t i = 0; i < x.size(); i += kVectorFloats) {
    StoreIntegers(Bytes(_mm256_loadu_ps(x.data() + i), scale), q + i);
  }
  return absl::OkStatus();
}

absl::Status QuantiseToNibbles(std::span<const float> x, int8_t* q, uint16_t* d, uint16_t* m) {
  const Range range = RangeOf(x);
  if (!range.is_finite) return NotFinite();
  // Half of each: the width of two ends may be beyond float32.
  const float half_width = range.greatest / 2 - range.least / 2, middle = range.least + half_width;
  Line best(half_width / kLargestNibble * 2, range.least);
  if (!best.is_finite()) {
    return absl::InvalidArgumentError(Message("its elements from ", range.least, " to ", range.greatest,
                                              " need a scale or a minimum beyond float16"));
  }
  const WeighedGroup group(x);
  float least = ErrorOfNibbles(group, best);
  for (int i = 0; i < kWidths && least > 0; ++i) {
    const float half = half_width * (1 - kWidthStep * static_cast<float>(i));
    float scale = 0, minimum = 0;
    if (!FitLine(group, half / kLargestNibble * 2, middle - half, &scale, &minimum)) continue;
    const Line line(scale, minimum);
    if (!line.is_finite()) continue;
    const float error = ErrorOfNibbles(group, line);
    if (error >= least) continue;
    least = error;
    best = line;
  }
  for (int i = 0; i < kRefinements && least > 0; ++i) {
    float scale = 0, minimum = 0;
    if (!FitLine(group, Float(best.d), Float(best.m), &scale, &minimum)) break;
    const Line line(scale, minimum);
    if (!line.is_finite()) break;
    const float error = ErrorOfNibbles(group, line);
    if (error >= least) break;
    least = error;
    best = line;
  }
  *d = best.d;
  *m = best.m;
  const __m256 reciprocal = _mm256_set1_ps(ReciprocalOf(Float(best.d)));
  const __m256 minimum = _mm256_set1_ps(Float(best.m));
  for (size_t i = 0; i < x.size(); i += kVectorFloats) {
    StoreIntegers(Nibbles(_mm256_loadu_ps(x.data() + i), reciprocal, minimum), q + i);
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
