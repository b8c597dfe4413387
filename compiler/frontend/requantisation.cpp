// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/requantisation.h"

#include <algorithm>

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

absl::StatusOr<std::vector<RequantisedMatrix>> MeasureRequantisation(const GgufFile& file,
                                                                     const LlamaConfig& config) {
  std::vector<RequantisedMatrix> measured;
  for (const LlamaMatrix& matrix : LlamaMatrices(file, config)) {
    const auto type = static_cast<GgufTensorType>(matrix.tensor->type);
    if (KeepsValues(type)) continue;
    absl::StatusOr<RequantisationError> error =
        MeasureRequantisation(Stored(file, *matrix.tensor), matrix.format);
    if (!error.ok()) {
      return absl::Status(error.status().code(),
                          Message("tensor ", Quoted(matrix.tensor->name), ", ", error.status().message()));
    }
    measured.push_back({Printable(matrix.tensor->name), type, matrix.format, *error});
  }
  return measured;
}

}  // namespace streamtensor::compiler
