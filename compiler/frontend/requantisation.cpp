// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/requantisation.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "compiler/frontend/message.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {

void RequantisationError::Add(const RequantisationError& other) {
  squared_error += other.squared_error;
  squared_values += other.squared_values;
  largest_error = std::max(largest_error, other.largest_error);
  largest_value = std::max(largest_value, other.largest_value);
}

absl::StatusOr<RequantisationError> MeasureRequantisation(const StoredMatrix& matrix,
                                                          const CardFormat& format) {
  RequantisationError sum;
  for (int64_t i = 0; i < matrix.groups(format.group); ++i) {
    CardGroup group;
    if (absl::Status status = ConvertGroup(matrix, i, format, &group); !status.ok()) {
      return InGroup(matrix, format.group, i, status);
    }
    const float d = FloatFromHalf(group.d);
    const float m = FloatFromHalf(group.m);
    for (int64_t first = 0; first < format.group; first += contract::kGroupElements) {
      float values[contract::kGroupElements];
      FileValues(matrix, (i * format.group + first) / contract::kGroupElements, values);
      for (int64_t k = 0; k < contract::kGroupElements; ++k) {
        const float error = d * static_cast<float>(group.q[first + k]) + m - values[k];
        sum.squared_error += static_cast<double>(error) * error;
        sum.squared_values += static_cast<double>(values[k]) * values[k];
        sum.largest_error = std::max(sum.largest_error, std::fabs(error));
        sum.largest_value = std::max(sum.largest_value, std::fabs(values[k]));
      }
    }
  }
  return sum;
}

int64_t CardBytes(const CardFormat& format, int64_t rows, int64_t columns) {
  const int bits = format.format == MatrixFormat::kU4 ? contract::kU4Bits : contract::kI8Bits;
  const auto scale_groups = static_cast<int>(format.group / contract::kGroupElements);
  return contract::CeilDiv<int64_t>(rows, contract::kTileRows) * contract::kWordBytes *
         contract::RowTileWords(bits, scale_groups, columns / contract::kGroupElements);
}

absl::StatusOr<std::vector<RequantisedMatrix>> MeasureRequantisation(
    const std::vector<DecoderWeight>& weights) {
  std::vector<RequantisedMatrix> measured;
  std::map<const CheckpointTensor*, size_t> places;
  for (const DecoderWeight& weight : weights) {
    if (weight.spec.kind != WeightKind::kMatrix) continue;
    for (const CheckpointTensor* tensor : weight.tensors) {
      if (KeepsValues(*tensor->type)) continue;
      absl::StatusOr<RequantisationError> error =
          MeasureRequantisation(StoredPart(weight, *tensor), weight.format);
      if (!error.ok()) {
        return absl::Status(error.status().code(),
                            Message("tensor ", Quoted(tensor->name), ", ", error.status().message()));
      }
      // A tensor may hold several matrices.
      const auto [place, is_new] = places.emplace(tensor, measured.size());
      if (is_new) measured.push_back({Printable(tensor->name), *tensor->type, weight.format, 0, {}});
      measured[place->second].bytes += CardBytes(weight.format, weight.spec.rows, weight.spec.columns);
      measured[place->second].error.Add(*error);
    }
  }
  return measured;
}

}  // namespace streamtensor::compiler
