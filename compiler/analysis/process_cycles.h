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
// From the engine's first word of a row to the stores of its sums, one tile; each further tile of an unrolled
// loop is a float addition behind.
inline constexpr int64_t kDotFill = 24;
inline constexpr int64_t kFloatAdd = 4;

// An operation of a kernel's body other than loops and stream ends: loops at one iteration a cycle, parallel
// innermost loops of a multiple of 16 at 16 a cycle, sums into one register at one in kFloatAdd.
int64_t OperationCycles(mlir::Operation* operation);

// The engine on `tiles` tiles of one row tile in one block, `rows` rows, `unroll` tiles at a time.
int64_t DotCycles(int64_t tiles, int64_t rows, int64_t unroll);

// DSP slices of an engine that works on `unroll` tiles at a time: two int8 products a slice, three slices a
// float32 product, two a float32 sum (assumption: Vitis' usual cores).
int64_t EngineDsps(int64_t unroll);

// Attention of T tokens over their own rows, one layer.
int64_t AttentionCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim, int64_t tokens);
// One page of context for one token, one layer.
int64_t AttentionPageCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim);

}  // namespace streamtensor::compiler
