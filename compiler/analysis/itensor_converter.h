// SPDX-License-Identifier: Apache-2.0
// How much must be held to bring an itensor from one order into another.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/dialects/itensor/ITensorDialect.h"
#include "llvm/ADT/SmallVector.h"

namespace streamtensor::compiler {

struct ConverterBuffer {
  // Part of the data that one side of the (ping-pong) buffer holds, in elements a dimension.
  llvm::SmallVector<int64_t> shape;
  // Outermost loops that both orders share; the buffer is filled and emptied once an iteration of them.
  int64_t shared_loops = 0;

  // Scalars of one side.
  int64_t size() const;
};

// The least buffer that the two types imply: the longest common prefix of loops (same trip count,
// step and data dimension) whose bodies cover the same part of the data on both sides.
// With no common prefix the whole data is held. nullopt when the types do not speak of the same
// data (shape, scalar type, symbols).
std::optional<ConverterBuffer> InferConverter(itensor::ITensorType source, itensor::ITensorType result);

// The buffer when exactly `shared_loops` outer loops are shared; nullopt when they are not, or
// when their bodies cover different parts.
std::optional<ConverterBuffer> ConverterBufferFor(itensor::ITensorType source, itensor::ITensorType result,
                                                  int64_t shared_loops);

}  // namespace streamtensor::compiler
