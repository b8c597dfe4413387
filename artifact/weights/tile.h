// SPDX-License-Identifier: Apache-2.0
// Packs a weight into the engine's tiles (kernels/contract/tiles.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/contract/tiles.h"

namespace streamtensor::artifact {

using contract::TileFormat;

// A quantised matrix: value = d*q + m for the elements of a tile's row.
struct TileValues {
  std::span<const uint8_t> q;  // rows x tiles x scale_groups x kGroupElements integers, a byte each
  std::span<const uint8_t> d;  // rows x tiles float16
  std::span<const uint8_t> m;  // same; empty if no row has a minimum
  int64_t rows = 0;
  int64_t tiles = 0;     // along K
  int scale_groups = 1;  // of a tile
};

// The scales and offsets of a matrix as the tiles hold them: integers, in units of 2^E for a whole row.
// value = 2^E * (scale * (q - centre) + offset), the file's value up to the rounding of both.
struct RowScales {
  std::vector<int16_t> scales;     // rows x tiles
  std::vector<int16_t> offsets;    // rows x tiles
  std::vector<uint8_t> exponents;  // rows: E + 127, or 0 (a unit of 0) where all values are 0
};
// d and m must be finite.
RowScales ScaleRows(const TileValues& values, TileFormat format);

// Writes tile number `tile` along K of the rows from kTileRows*row_tile on; rows past the end are zero.
// `scales` are those of `values`. `to` has TileWords(format, scale_groups) words.
void WriteTile(const TileValues& values, const RowScales& scales, TileFormat format, int64_t row_tile,
               int64_t tile, uint8_t* to);

}  // namespace streamtensor::artifact
