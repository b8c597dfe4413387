// SPDX-License-Identifier: Apache-2.0
// One weight as the engine's tiles.
#pragma once

#include <cstdint>
#include <span>

#include "compiler/targets/weights/packing_plan.h"

namespace streamtensor::compiler {

// The three parts of a weight of one layer, as WeightSource::Read() gives them. `m` is empty when
// the weight has no minimum.
struct WeightValues {
  std::span<const uint8_t> q;  // rows x groups x 32, a byte each
  std::span<const uint8_t> d;  // rows x groups float16
  std::span<const uint8_t> m;
  int64_t rows = 0;
  int64_t groups = 0;
};

// Writes the tile of rows 16*row_tile.. and group `group`; rows past the end are zero. `tile` has
// TileWords(format) words.
void PackTile(const WeightValues& values, TileFormat format, int64_t row_tile, int64_t group, uint8_t* tile);

}  // namespace streamtensor::compiler
