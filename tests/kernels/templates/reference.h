// SPDX-License-Identifier: Apache-2.0
// Scalar loops written from docs/architecture.md section 2 alone; they share nothing with kernels/st but
// the conversion of float16 (tested elsewhere).
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/st/word.h"

namespace st_reference {

inline float F32OfF16(uint16_t half) { return st::f32_of_f16_bits(half); }
inline uint16_t F16OfF32(float value) { return st::f16_bits_of_f32(value); }

inline float FloatSum(const std::vector<float>& x) {
  std::vector<float> p(16, 0.0f);
  for (size_t i = 0; i < x.size(); ++i) p[i % 16] += x[i];
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) p[j] = p[j] + p[j + half];
  }
  return p[0];
}

inline float Exp(float x) {
  x = x < -87 ? -87 : x;
  x = x > 88 ? 88 : x;
  float t = x * 1.44269504f;
  float n = (t + 12582912.0f) - 12582912.0f;
  float r = (x - n * 0.693359375f) - n * (-2.12194440e-4f);
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  float y = (p * (r * r) + r) + 1.0f;
  return y * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

struct Group {
  int8_t q[32];
  int32_t sum;
  int shift;  // the group's values are q * scale / 2^shift
};

// Of K = 32 * groups.size() values.
struct QuantisedRow {
  float scale;
  std::vector<Group> groups;
};

inline float LargestMagnitude(const float* x, int count) {
  float amax = 0;
  for (int i = 0; i < count; ++i) amax = std::fabs(x[i]) > amax ? std::fabs(x[i]) : amax;
  return amax;
}

inline QuantisedRow Quantise(const float* x, int groups) {
  QuantisedRow row;
  const float amax = LargestMagnitude(x, 32 * groups);
  row.scale = amax < std::ldexp(1.0f, -100) ? 0 : amax / 127;
  const float reciprocal = row.scale == 0 ? 0 : 1 / row.scale;
  for (int g = 0; g < groups; ++g) {
    Group group{};
    const float own = LargestMagnitude(x + 32 * g, 32);
    while (group.shift < 3 && own * static_cast<float>(2 << group.shift) <= amax) ++group.shift;
    for (int i = 0; i < 32; ++i) {
      float v = x[32 * g + i] * (reciprocal * static_cast<float>(1 << group.shift));
      v = (v + 12582912.0f) - 12582912.0f;
      group.q[i] = static_cast<int8_t>(std::isnan(v) ? 0 : v);
      group.sum += group.q[i];
    }
    row.groups.push_back(group);
  }
  return row;
}

// A weight of N rows and K = 32*groups columns: integers and their scales and offsets, row by row.
struct Weight {
  int bits = 4;
  int rows = 0;
  int groups = 0;
  std::vector<int> q;          // [rows][32*groups]
  std::vector<int> d, m;       // [rows][groups], in units of the row
  std::vector<int> exponents;  // [rows] of the units: 2^exponent
};

inline std::vector<float> Contract(const std::vector<float>& x, int count, const Weight& w) {
  const int k = 32 * w.groups;
  const int centre = w.bits == 4 ? 8 : 0;
  std::vector<float> out(static_cast<size_t>(count) * w.rows);
  for (int t = 0; t < count; ++t) {
    const QuantisedRow row = Quantise(&x[t * k], w.groups);
    for (int n = 0; n < w.rows; ++n) {
      int64_t acc = 0;
      for (int g = 0; g < w.groups; ++g) {
        const Group& group = row.groups[g];
        int64_t isum = 0;
        for (int i = 0; i < 32; ++i) isum += (w.q[n * k + 32 * g + i] - centre) * group.q[i];
        const int at = n * w.groups + g;
        acc += (w.d[at] * isum + int64_t{w.m[at]} * group.sum) << (3 - group.shift);
      }
      out[static_cast<size_t>(t) * w.rows + n] =
          std::ldexp(static_cast<float>(acc), w.exponents[n]) * (row.scale / 8);
    }
  }
  return out;
}

// Of 8 partial sums.
inline float RowTree(std::vector<float> p) {
  for (size_t half = 4; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) p[i] = p[i] + p[i + half];
  }
  return p[0];
}

// One query row of one head over keys[j], values[j] (float16 of head_dim each), j = 0..n-1: those of
// positions `first` on.
inline std::vector<float> Attend(const std::vector<float>& query, float scale,
                                 const std::vector<std::vector<uint16_t>>& keys,
                                 const std::vector<std::vector<uint16_t>>& values, int first = 0) {
  const size_t dim = query.size();
  std::vector<float> out(dim, 0.0f);
  if (keys.empty()) return out;
  const size_t begin = static_cast<size_t>(first), end = begin + keys.size();
  float most = -INFINITY;
  std::vector<float> sums(8, 0.0f);
  std::vector<std::vector<float>> partials(8, std::vector<float>(dim, 0.0f));
  for (size_t page = begin / 32; 32 * page < end; ++page) {
    const size_t low = std::max(begin, 32 * page), high = std::min(end, 32 * page + 32);
    std::vector<float> scores;
    const float before = most;
    for (size_t j = low; j < high; ++j) {
      std::vector<float> products;
      for (size_t i = 0; i < dim; ++i) products.push_back(query[i] * F32OfF16(keys[j - begin][i]));
      scores.push_back(scale * FloatSum(products));
      most = scores.back() > most ? scores.back() : most;
    }
    const float factor = Exp(before - most);
    for (float& sum : sums) sum = sum * factor;
    for (auto& partial : partials) {
      for (float& sum : partial) sum = sum * factor;
    }
    for (size_t j = low; j < high; ++j) {
      const float weight = Exp(scores[j - low] - most);
      sums[j % 8] = sums[j % 8] + weight;
      for (size_t d = 0; d < dim; ++d) {
        partials[j % 8][d] = partials[j % 8][d] + weight * F32OfF16(values[j - begin][d]);
      }
    }
  }
  const float reciprocal = 1.0f / RowTree(sums);
  for (size_t d = 0; d < dim; ++d) {
    std::vector<float> column;
    for (const auto& partial : partials) column.push_back(partial[d]);
    out[d] = RowTree(column) * reciprocal;
  }
  return out;
}

}  // namespace st_reference
