// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/weights/tile_packing.h"

#include <algorithm>
#include <cstring>

namespace streamtensor::compiler {
namespace {

// Word i, byte 4r+b: k = 4i+b in the low nibble, k = 16+4i+b in the high one.
void PackNibbles(const uint8_t* q, int64_t row, uint8_t* tile) {
  for (int64_t i = 0; i < 4; ++i) {
    uint8_t* bytes = tile + i * kWordBytes + 4 * row;
    for (int64_t b = 0; b < 4; ++b) {
      bytes[b] = static_cast<uint8_t>((q[4 * i + b] & 0xf) | (q[16 + 4 * i + b] << 4));
    }
  }
}

void PackBytes(const uint8_t* q, int64_t row, uint8_t* tile) {
  for (int64_t i = 0; i < 8; ++i) std::memcpy(tile + i * kWordBytes + 4 * row, q + 4 * i, 4);
}

}  // namespace

void PackTile(const WeightValues& values, TileFormat format, int64_t row_tile, int64_t group, uint8_t* tile) {
  std::memset(tile, 0, TileWords(format) * kWordBytes);
  uint8_t* scales = tile + (TileWords(format) - 1) * kWordBytes;
  const int64_t first = row_tile * kTileRows;
  const int64_t rows = std::min(kTileRows, values.rows - first);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t index = (first + row) * values.groups + group;
    const uint8_t* q = values.q.data() + index * kGroupElements;
    if (format == TileFormat::kU4) {
      PackNibbles(q, row, tile);
    } else {
      PackBytes(q, row, tile);
    }
    std::memcpy(scales + 2 * row, values.d.data() + 2 * index, 2);
    if (!values.m.empty()) std::memcpy(scales + 2 * (kTileRows + row), values.m.data() + 2 * index, 2);
  }
}

}  // namespace streamtensor::compiler
