// SPDX-License-Identifier: Apache-2.0
// Moves the constants of a linalg function out of the IR.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "compiler/frontend/weight_source.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace streamtensor::compiler {

// What becomes of the weights of matrix products.
enum class ProductWeights {
  kInt8,     // quantised, for the engine
  kFloat32,  // as any other constant: for form-sample-kernel
};

// With kInt8, gives the function one more argument (with dataflow.weight and dataflow.part) for every float32
// tensor constant that isn't a splat. A matrix product x [T, K] times a constant, in either orientation,
// becomes the generic over (t, n, k) that LinalgBuilder makes, its constant quantised to int8 by groups of 32
// along K; where K is not a multiple of 32 the constant stays float32. Weights are named after their
// dense_resource key, or constant0, constant1, ... The source owns copies of the values.
// With kFloat32 only float32 constants of more than 4096 elements become arguments, of part "value"; every
// other constant stays, a dense_resource as `dense`.
//  UNIMPLEMENTED     kInt8: a constant of another element type
//  INVALID_ARGUMENT  a dense_resource without data, or of the wrong size
absl::StatusOr<std::shared_ptr<const WeightSource>> HoistConstants(mlir::func::FuncOp function,
                                                                   ProductWeights products);

}  // namespace streamtensor::compiler
