// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/tile.h"

#include <algorithm>
#include <cstring>

namespace streamtensor::artifact {
namespace {

constexpr int kFloat16Bytes = 2;

// Packs the integers of one row: q has kGroupElements.
void WriteNibbles(const uint8_t* q, int row, uint8_t* tile) {
  constexpr int kHalf = contract::kGroupElements / 2;  // their integers go into the high nibbles
  for (int k = 0; k < kHalf; ++k) {
    uint8_t* word = tile + contract::TileIntegerWord(contract::kU4Bits, k) * contract::kWordBytes;
    word[contract::TileIntegerByte(row, k)] = static_cast<uint8_t>((q[k] & 0xf) | q[k + kHalf] << 4);
  }
}

void WriteBytes(const uint8_t* q, int row, uint8_t* tile) {
  for (int k = 0; k < contract::kGroupElements; ++k) {
    uint8_t* word = tile + contract::TileIntegerWord(contract::kI8Bits, k) * contract::kWordBytes;
    word[contract::TileIntegerByte(row, k)] = q[k];
  }
}

}  // namespace

void WriteTile(const TileValues& values, TileFormat format, int64_t row_tile, int64_t group, uint8_t* tile) {
  const auto bits = static_cast<int>(format);
  std::memset(tile, 0, contract::TileWords(bits) * contract::kWordBytes);
  uint8_t* const scales = tile + contract::TileIntegerWords(bits) * contract::kWordBytes;
  uint8_t* const minima = scales + contract::kTileRows * kFloat16Bytes;
  const int64_t first = row_tile * contract::kTileRows;
  const auto rows = static_cast<int>(std::min<int64_t>(contract::kTileRows, values.rows - first));
  for (int row = 0; row < rows; ++row) {
    const int64_t index = (first + row) * values.groups + group;
    const uint8_t* const q = values.q.data() + index * contract::kGroupElements;
    if (format == TileFormat::kU4) {
      WriteNibbles(q, row, tile);
    } else {
      WriteBytes(q, row, tile);
    }
    std::memcpy(scales + kFloat16Bytes * row, values.d.data() + kFloat16Bytes * index, kFloat16Bytes);
    if (values.m.empty()) continue;
    std::memcpy(minima + kFloat16Bytes * row, values.m.data() + kFloat16Bytes * index, kFloat16Bytes);
  }
}

}  // namespace streamtensor::artifact
