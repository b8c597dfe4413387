// SPDX-License-Identifier: Apache-2.0
// What a matrix product loses when its weight and its activations are in few bits. Free of MLIR.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/frontend/stored_groups.h"
#include "compiler/frontend/weight_source.h"

namespace streamtensor::compiler {

// The product of int8 activations with weight `name` of `weights` against the float32 product with `matrix`,
// of type F32, F16 or BF16: the root mean square of the error by that of the values, on 8 rows of normally
// distributed activations (seed 1), quantised as the card does. The activations beyond `columns`, where the
// matrix was filled up, are 0.
//  INVALID_ARGUMENT  as WeightSource::Read()
absl::StatusOr<double> MeasureProductError(const StoredMatrix& matrix, int64_t columns,
                                           const WeightSource& weights, const std::string& name);

}  // namespace streamtensor::compiler
