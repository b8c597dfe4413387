// SPDX-License-Identifier: Apache-2.0
// What it costs to bring the matrices of a model file to the card's formats. Free of MLIR.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/decoder_weights.h"
#include "compiler/frontend/stored_groups.h"

namespace streamtensor::compiler {

// The card's values less the file's, over any number of elements.
struct RequantisationError {
  double squared_error = 0;
  double squared_values = 0;
  float largest_error = 0;
  float largest_value = 0;

  // Root mean square of the error by that of the values: 0.004 is 0.4 %.
  double relative_rms() const { return squared_values > 0 ? std::sqrt(squared_error / squared_values) : 0; }

  void Add(const RequantisationError& other);
};

//  INVALID_ARGUMENT  a group can't be converted; names row and group
absl::StatusOr<RequantisationError> MeasureRequantisation(const StoredMatrix& matrix,
                                                          const CardFormat& format);

// What a matrix takes in the engine's tiles, its scales and whole tiles of rows counted.
int64_t CardBytes(const CardFormat& format, int64_t rows, int64_t columns);

struct RequantisedMatrix {
  std::string name;  // of the tensor
  GgufTensorType type;
  CardFormat format;
  int64_t bytes = 0;  // CardBytes()
  RequantisationError error;
};

// The tensors whose values the card can't keep (KeepsValues()), in the order of the graph, each measured on
// all of its elements: a pass over that part of the file.
//  INVALID_ARGUMENT  names tensor, row and group
absl::StatusOr<std::vector<RequantisedMatrix>> MeasureRequantisation(
    const std::vector<DecoderWeight>& weights);

}  // namespace streamtensor::compiler
