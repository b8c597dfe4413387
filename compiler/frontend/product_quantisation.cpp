// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/product_quantisation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "base/status_macros.h"
#include "compiler/frontend/group_quantisation.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/stored_groups.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

constexpr int kGroup = contract::kGroupElements;
constexpr int kBytes = 127;  // the greatest of an activation
constexpr int kSampleRows = 8;
constexpr uint32_t kSeed = 1;

void Append(uint16_t half, std::vector<uint8_t>& bytes) {
  bytes.push_back(static_cast<uint8_t>(half));
  bytes.push_back(static_cast<uint8_t>(half >> 8));
}

// Rows of activations, and what the card makes of them.
struct SampleActivations {
  std::vector<float> exact, quantised;  // [kSampleRows][columns]

  explicit SampleActivations(int64_t columns) {
    std::mt19937 random(kSeed);
    std::normal_distribution<float> normal;
    exact.resize(static_cast<size_t>(kSampleRows * columns));
    for (float& value : exact) value = normal(random);
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

}  // namespace

absl::StatusOr<std::vector<uint8_t>> QuantiseToQ4_1(const ProductMatrix& matrix) {
  std::vector<uint8_t> blocks;
  blocks.reserve(static_cast<size_t>(matrix.rows * (matrix.columns / kGroup)) * (4 + kGroup / 2));
  for (int64_t row = 0; row < matrix.rows; ++row) {
    for (int64_t first = 0; first < matrix.columns; first += kGroup) {
      float values[kGroup];
      for (int i = 0; i < kGroup; ++i) values[i] = matrix.At(row, first + i);
      int8_t q[kGroup];
      uint16_t d = 0, m = 0;
      if (!QuantiseToNibbles(values, q, &d, &m).ok()) {
        return absl::InvalidArgumentError(
            Message("row ", row, ", columns ", first, " to ", first + kGroup - 1,
                    ": a value is not finite, or greater than float16 can carry"));
      }
      Append(d, blocks);
      Append(m, blocks);
      for (int i = 0; i < kGroup / 2; ++i)
        blocks.push_back(static_cast<uint8_t>(q[i] | q[i + kGroup / 2] << 4));
    }
  }
  return blocks;
}

absl::StatusOr<double> MeasureProductError(const ProductMatrix& matrix, const WeightSource& weights,
                                           const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<uint8_t> q, weights.Read(name, WeightPart::kQ));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> d, weights.Read(name, WeightPart::kD));
  const absl::StatusOr<std::vector<uint8_t>> m = weights.Read(name, WeightPart::kM);
  auto half = [](const std::vector<uint8_t>& bytes, size_t group) {
    uint16_t value = 0;
    std::memcpy(&value, bytes.data() + 2 * group, sizeof value);
    return FloatFromHalf(value);
  };
  const SampleActivations x(matrix.columns);
  std::vector<float> exact(static_cast<size_t>(matrix.columns)), stored(exact);
  double squared_error = 0, squared_values = 0;
  for (int64_t row = 0; row < matrix.rows; ++row) {
    const auto start = static_cast<size_t>(row * matrix.columns);
    for (size_t k = 0; k < exact.size(); ++k) {
      const size_t group = (start + k) / kGroup;
      exact[k] = matrix.At(row, static_cast<int64_t>(k));
      const float integer =
          m.ok() ? static_cast<float>(q[start + k]) : static_cast<float>(static_cast<int8_t>(q[start + k]));
      stored[k] = half(d, group) * integer + (m.ok() ? half(*m, group) : 0);
    }
    for (int sample = 0; sample < kSampleRows; ++sample) {
      const size_t at = static_cast<size_t>(sample) * exact.size();
      double wanted = 0, got = 0;
      for (size_t k = 0; k < exact.size(); ++k) {
        wanted += static_cast<double>(x.exact[at + k]) * exact[k];
        got += static_cast<double>(x.quantised[at + k]) * stored[k];
      }
      squared_error += (got - wanted) * (got - wanted);
      squared_values += wanted * wanted;
    }
  }
  return squared_values > 0 ? std::sqrt(squared_error / squared_values) : 0.0;
}

}  // namespace streamtensor::compiler
