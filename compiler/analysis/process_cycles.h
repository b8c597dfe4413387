// SPDX-License-Identifier: Apache-2.0
// What parts of the emitted text cost in cycles: loops at their initiation interval, and what a pipelined
// loop takes to fill. The text has never been synthesised: latencies are assumptions about a 250 MHz build.
#pragma once

#include <cstdint>

#include "mlir/IR/Operation.h"

namespace streamtensor::compiler {

// From the entry of a pipelined loop to its first result, where it moves words.
inline constexpr int64_t kLoopFill = 3;
// The same where it computes in float32.
inline constexpr int64_t kFloatLoopFill = 12;
// A group of 32 from float32 to int8: maximum, division, rounding, sum.
inline constexpr int64_t kQuantiseFill = 40;
// A float32 addition.
inline constexpr int64_t kFloatAdd = 4;

// An operation of a kernel's body other than loops and stream ends: loops at one iteration a cycle, parallel
// innermost loops of a multiple of 16 at 16 a cycle, sums into one register at one in kFloatAdd.
int64_t OperationCycles(mlir::Operation* operation);

// DSP slices of an engine with so many weight channels, working on `lanes` rows of activations at a time: in
// each channel and lane one for each product of an activation with the nibbles of two weight rows, and for
// each with a scale or an offset of four rows; and those of the float products of a word of results.
int64_t EngineDsps(int64_t channels, int64_t lanes);

// Lanes of an engine with so many channels where a platform's engine has `usual_lanes` with `usual_channels`:
// more channels have fewer each, so that the engine is not larger.
int64_t LanesOfChannels(int64_t channels, int64_t usual_channels, int64_t usual_lanes);

}  // namespace streamtensor::compiler
