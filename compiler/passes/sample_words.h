// SPDX-License-Identifier: Apache-2.0
// How the elements of a sample stand in the float32 words of a stream.
//
// An element of i32 is one word as its bits, of i1, i8 and i16 one of i32, of f16 and bf16 the float32 of
// that value, of i64 and f64 two words, the low one first.
#pragma once

#include "compiler/dialects/itensor/ITensorDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace streamtensor::compiler {

// Words for each element. 0: an element has no such form.
int64_t WordsOfElement(mlir::Type type);

// A row-major tensor of one static shape as another of as many elements; moves nothing.
mlir::Value ReshapeTo(mlir::OpBuilder& b, mlir::Location loc, mlir::Value value, mlir::RankedTensorType to);

// The tensor that an element of a stream holds. `words`: of float32, in any shape.
mlir::Value UnpackWords(mlir::OpBuilder& b, mlir::Location loc, mlir::Value words,
                        mlir::RankedTensorType tensor);
// The words of `value` as a float32 tensor of type `words`.
mlir::Value PackWords(mlir::OpBuilder& b, mlir::Location loc, mlir::Value value,
                      mlir::RankedTensorType words);

}  // namespace streamtensor::compiler
