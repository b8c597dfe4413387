// SPDX-License-Identifier: Apache-2.0
// Moves the constants of a linalg function out of the IR.
#pragma once

#include "absl/status/status.h"
#include "compiler/frontend/imported_model.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace streamtensor::compiler {

// With quantisation of rows for the engine (`samples` false), gives the function one more argument (with
// dataflow.weight and dataflow.part) for every float32 tensor constant that isn't a splat. A matrix product x
// [T, K] times a constant, in either orientation, becomes the generic over (t, n, k) that LinalgBuilder
// makes, its constant quantised to int8 (kW8A8) or four bits (kW4A8) by groups of 32 along K. A K that is not
// a multiple of 32 is filled up with zeros, and so is an N that is not one of 16 where more than a result of
// the module takes the product. Weights are named after their dense_resource key, or constant0, constant1,
// ... The source owns copies of the values. In a module of samples such a product becomes a
// dataflow.contract, and of the other constants only float32 constants of more than 4096 elements become
// arguments, of part "value"; every other constant stays, a dense_resource as `dense`. Sets `model`'s
// weights, and the products that it quantised.
//  UNIMPLEMENTED     with quantisation: a constant of another element type
//  INVALID_ARGUMENT  a dense_resource without data, or of the wrong size
absl::Status HoistConstants(mlir::func::FuncOp function, Quantisation quantise, bool samples,
                            ImportedModel* model);

}  // namespace streamtensor::compiler
