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

absl::StatusOr<RequantisationError> MeasureRequantisation(const StoredMatrix& matrix, MatrixFormat format) {
  RequantisationError sum;
  for (int64_t i = 0; i < matrix.groups(); ++i) {
    CardGroup group;
    if (absl::Status status = ConvertGroup(matrix, i, format, &group); !status.ok()) {
      return InGroup(matrix, i, status);
    }
    float values[contract::kGroupElements];
    FileValues(matrix, i, values);
    const float d = FloatFromHalf(group.d);
    const float m = FloatFromHalf(group.m);
    for (int64_t k = 0; k < contract::kGroupElements; ++k) {
      const float error = d * static_cast<float>(group.q[k]) + m - values[k];
      sum.squared_error += static_cast<double>(error) * error;
      sum.squared_values += static_cast<double>(values[k]) * values[k];
      sum.largest_error = std::max(sum.largest_error, std::fabs(error));
      sum.largest_value = std::max(sum.largest_value, std::fabs(values[k]));
    }
  }
  return sum;
}

absl::StatusOr<std::vector<RequantisedMatrix>> MeasureRequantisation(const DecoderModel& model) {
  std::vector<RequantisedMatrix> measured;
  std::map<const CheckpointTensor*, size_t> places;
  for (const DecoderWeight& weight : model.weights()) {
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
      if (is_new) measured.push_back({Printable(tensor->name), *tensor->type, weight.format, {}});
      measured[place->second].error.Add(*error);
    }
  }
  return measured;
}

}  // namespace streamtensor::compiler
