// SPDX-License-Identifier: Apache-2.0
// docs/architecture.md, section 2, as plain loops over scalars. Written from the text alone, to check the
// reference and the kernels against. Callers compile without contraction and flush denormals.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

namespace streamtensor::reference::scalar {

inline float HalfToFloat(uint16_t half) { return _cvtsh_ss(half); }
inline uint16_t FloatToHalf(float value) { return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT); }

inline float Sum(const std::vector<float>& terms) {
  std::array<float, 16> partial{};
  for (size_t i = 0; i < terms.size(); ++i) partial[i % 16] += terms[i];
  for (int width = 8; width >= 1; width /= 2)
    for (int j = 0; j < width; ++j) partial[j] += partial[j + width];
  return partial[0];
}

inline float Exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float t = x * 1.44269504f;
  const float n = (t + 12582912.0f) - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * (-2.12194440e-4f);
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = (p * (r * r) + r) + 1.0f;
  const uint32_t bits = static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23;
  float scale = 0;
  std::memcpy(&scale, &bits, sizeof scale);
  return y * scale;
}

inline float Largest(const float* x, int64_t count) {
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::fabs(x[i]) > largest ? std::fabs(x[i]) : largest;
  return largest;
}

inline int64_t Rounded(float x, float bound) {
  x = (x + 12582912.0f) - 12582912.0f;
  return static_cast<int64_t>(x < -bound ? -bound : x > bound ? bound : x);
}

// q, d, m: [N x K/32 x 32], [N x K/32], the same or empty. `centre` of q: 8 for nibbles, 0 for bytes. x: K
// values of one token. Returns N values.
inline std::vector<float> Contract(const std::vector<float>& x, const std::vector<int>& q,
                                   const std::vector<uint16_t>& d, const std::vector<uint16_t>& m,
                                   int64_t outputs, int centre) {
  const int64_t groups = static_cast<int64_t>(x.size()) / 32;
  const float amax = Largest(x.data(), static_cast<int64_t>(x.size()));
  const float scale = amax < std::ldexp(1.0f, -100) ? 0.0f : amax / 127.0f;
  const float reciprocal = scale == 0.0f ? 0.0f : 1.0f / scale;
  std::vector<int64_t> sum(groups), shift(groups), quantized(x.size());
  for (int64_t g = 0; g < groups; ++g) {
    const float own = Largest(&x[32 * g], 32);
    while (shift[g] < 3 && own * static_cast<float>(2 << shift[g]) <= amax) ++shift[g];
    for (int64_t k = 32 * g; k < 32 * g + 32; ++k) {
      quantized[k] = Rounded(x[k] * (reciprocal * static_cast<float>(1 << shift[g])), 127.0f);
      sum[g] += quantized[k];
    }
  }
  std::vector<float> result(outputs);
  for (int64_t n = 0; n < outputs; ++n) {
    std::vector<float> scales(groups), offsets(groups);
    float largest = 0;
    for (int64_t g = 0; g < groups; ++g) {
      scales[g] = HalfToFloat(d[n * groups + g]);
      offsets[g] =
          (m.empty() ? 0.0f : HalfToFloat(m[n * groups + g])) + static_cast<float>(centre) * scales[g];
      largest = std::max({largest, std::fabs(scales[g]), std::fabs(offsets[g]) / 2.0f});
    }
    const int exponent = largest == 0 ? 0 : std::ilogb(largest) - 9;
    int64_t acc = 0;
    for (int64_t g = 0; g < groups; ++g) {
      int64_t dot = 0;
      for (int k = 0; k < 32; ++k) dot += quantized[32 * g + k] * (q[(n * groups + g) * 32 + k] - centre);
      const int64_t term = Rounded(std::ldexp(scales[g], -exponent), 1023.0f) * dot +
                           Rounded(std::ldexp(offsets[g], -exponent), 2047.0f) * sum[g];
      acc += term * (1 << (3 - shift[g]));
    }
    result[n] = std::ldexp(static_cast<float>(acc), exponent) * (scale / 8.0f);
  }
  return result;
}

// One token and head. key(j) and value(j) give row j as D halves; rows begin..seen-1 are visible.
inline std::vector<float> Attend(const std::vector<float>& q, float scale, int64_t seen,
                                 const std::function<const uint16_t*(int64_t)>& key,
                                 const std::function<const uint16_t*(int64_t)>& value, int64_t begin = 0) {
  const size_t size = q.size();
  std::vector<float> result(size, 0.0f);
  if (seen <= begin) return result;
  // Of the weights, and of the weighed values: columns of their own.
  std::vector<float> sums(8), outs(8 * size);
  float most = -INFINITY;
  for (int64_t page = begin / 32; page <= (seen - 1) / 32; ++page) {
    const int64_t low = std::max(begin, page * 32), high = std::min(seen, page * 32 + 32);
    std::vector<float> e;
    const float before = most;
    for (int64_t j = low; j < high; ++j) {
      std::vector<float> terms(size);
      for (size_t d = 0; d < size; ++d) terms[d] = q[d] * HalfToFloat(key(j)[d]);
      e.push_back(scale * Sum(terms));
      most = e.back() > most ? e.back() : most;
    }
    const float factor = Exp(before - most);
    for (float& sum : sums) sum *= factor;
    for (float& out : outs) out *= factor;
    for (int64_t j = low; j < high; ++j) {
      const float weight = Exp(e[j - low] - most);
      sums[j % 8] += weight;
      for (size_t d = 0; d < size; ++d) outs[j % 8 * size + d] += weight * HalfToFloat(value(j)[d]);
    }
  }
  for (int width = 4; width >= 1; width /= 2)
    for (int i = 0; i < width; ++i) {
      sums[i] += sums[i + width];
      for (size_t d = 0; d < size; ++d) outs[i * size + d] += outs[(i + width) * size + d];
    }
  const float reciprocal = 1.0f / sums[0];
  for (size_t d = 0; d < size; ++d) result[d] = outs[d] * reciprocal;
  return result;
}

}  // namespace streamtensor::reference::scalar
