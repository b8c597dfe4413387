// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/product_quantisation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/status_macros.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

constexpr int kGroup = contract::kGroupElements;
constexpr int kBytes = 127;  // the greatest of an activation
constexpr int kSampleRows = 8;
constexpr uint32_t kSeed = 1;

// Rows of activations, and what the card makes of them.
struct SampleActivations {
  std::vector<float> exact, quantised;  // [kSampleRows][columns]

  // Those at `used` and beyond are 0.
  SampleActivations(int64_t columns, int64_t used) {
    std::mt19937 random(kSeed);
    std::normal_distribution<float> normal;
    exact.resize(static_cast<size_t>(kSampleRows * columns));
    for (auto row = exact.begin(); row != exact.end(); row += columns) {
      for (auto x = row; x != row + used; ++x) *x = normal(random);
    }
    quantised = exact;
    for (auto group = quantised.begin(); group != quantised.end(); group += kGroup) {
      float largest = 0;
      for (auto x = group; x != group + kGroup; ++x) largest = std::max(largest, std::abs(*x));
      const float scale = largest / kBytes;
      if (scale == 0) continue;
      for (auto x = group; x != group + kGroup; ++x) *x = std::nearbyint(*x / scale) * scale;
    }
  }
};

// In 16 sums side by side.
double Dot(const float* a, const float* b, size_t length) {
  constexpr size_t kLanes = 16;
  static_assert(kGroup % kLanes == 0);
  float sums[kLanes] = {};
  for (size_t i = 0; i < length; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  double sum = 0;
  for (const float lane : sums) sum += lane;
  return sum;
}

}  // namespace

absl::StatusOr<double> MeasureProductError(const StoredMatrix& matrix, int64_t columns,
                                           const WeightSource& weights, const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<uint8_t> q, weights.Read(name, WeightPart::kQ));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> d, weights.Read(name, WeightPart::kD));
  const absl::StatusOr<std::vector<uint8_t>> m = weights.Read(name, WeightPart::kM);
  auto half = [](const std::vector<uint8_t>& bytes, size_t group) {
    uint16_t value = 0;
    std::memcpy(&value, bytes.data() + 2 * group, sizeof value);
    return FloatFromHalf(value);
  };
  const SampleActivations x(matrix.columns, columns);
  const auto row_groups = static_cast<size_t>(matrix.columns / kGroup);
  std::vector<float> exact(static_cast<size_t>(matrix.columns)), stored(exact);
  double squared_error = 0, squared_values = 0;
  for (size_t row = 0; row < static_cast<size_t>(matrix.rows); ++row) {
    for (size_t i = 0; i < row_groups; ++i) {
      const size_t group = row * row_groups + i;
      float values[kGroup];
      FileValues(matrix, static_cast<int64_t>(group), values);
      std::copy_n(values, kGroup, exact.data() + i * kGroup);
      const float scale = half(d, group), minimum = m.ok() ? half(*m, group) : 0;
      for (size_t k = 0; k < kGroup; ++k) {
        const uint8_t byte = q[group * kGroup + k];
        const auto integer = static_cast<float>(m.ok() ? int{byte} : int{static_cast<int8_t>(byte)});
        stored[i * kGroup + k] = scale * integer + minimum;
      }
    }
    for (size_t sample = 0; sample < kSampleRows; ++sample) {
      const size_t at = sample * exact.size();
      const double wanted = Dot(x.exact.data() + at, exact.data(), exact.size());
      const double got = Dot(x.quantised.data() + at, stored.data(), stored.size());
      squared_error += (got - wanted) * (got - wanted);
      squared_values += wanted * wanted;
    }
  }
  return squared_values > 0 ? std::sqrt(squared_error / squared_values) : 0.0;
}

}  // namespace streamtensor::compiler
