// SPDX-License-Identifier: Apache-2.0
// Names of the attributes that a module has which computes samples: a .mlir module in the types that it says.
#pragma once

#include "llvm/ADT/StringRef.h"

namespace streamtensor::compiler::dataflow {

// On @step: it computes samples, as kernels that stream into each other.
inline constexpr llvm::StringLiteral kSamplesAttr = "dataflow.samples";
// On an argument or a result of @step: its leading dimension, of one element, counts the samples.
inline constexpr llvm::StringLiteral kRowsAttr = "dataflow.rows";
// On an argument or a result of @step: its last dimension, of two elements, is the real and the imaginary
// part of a complex number.
inline constexpr llvm::StringLiteral kComplexAttr = "dataflow.complex";
// On an input or a result of @step, and on its dataflow.memory: the type of a sample, which the rows of
// float32 hold as words. Its leading dimension is open where that counts the samples.
inline constexpr llvm::StringLiteral kSampleAttr = "dataflow.sample";
// On a result of @step that holds the number of a check that failed, and on its dataflow.memory: their
// messages.
inline constexpr llvm::StringLiteral kChecksAttr = "dataflow.checks";

}  // namespace streamtensor::compiler::dataflow
