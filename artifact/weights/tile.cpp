// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/tile.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace streamtensor::artifact {
namespace {

constexpr int kFloat16Bytes = 2;

float HalfAt(std::span<const uint8_t> halves, int64_t index) {
  uint16_t half;
  std::memcpy(&half, halves.data() + index * kFloat16Bytes, kFloat16Bytes);
  return _cvtsh_ss(half);
}

// Half to even.
int16_t InUnits(float value, float reciprocal, int largest) {
  const auto bound = static_cast<float>(largest);
  return static_cast<int16_t>(std::clamp(std::nearbyint(value * reciprocal), -bound, bound));
}

// Packs the integers of one row and group: q has kGroupElements. `group` is where the group's words begin.
void WriteNibbles(const uint8_t* q, int row, uint8_t* group) {
  constexpr int kHalf = contract::kGroupElements / 2;  // their integers go into the high nibbles
  for (int k = 0; k < kHalf; ++k) {
    uint8_t* word = group + contract::TileIntegerWord(contract::kU4Bits, k) * contract::kWordBytes;
    word[contract::TileIntegerByte(row, k)] = static_cast<uint8_t>((q[k] & 0xf) | q[k + kHalf] << 4);
  }
}

void WriteBytes(const uint8_t* q, int row, uint8_t* group) {
  for (int k = 0; k < contract::kGroupElements; ++k) {
    uint8_t* word = group + contract::TileIntegerWord(contract::kI8Bits, k) * contract::kWordBytes;
    word[contract::TileIntegerByte(row, k)] = q[k];
  }
}

}  // namespace

RowScales ScaleRows(const TileValues& values, TileFormat format) {
  const auto centre = static_cast<float>(contract::TileCentre(static_cast<int>(format)));
  const int64_t count = values.rows * values.tiles;
  RowScales result;
  result.scales.resize(count);
  result.offsets.resize(count);
  result.exponents.resize(values.rows);
  std::vector<float> scales(values.tiles);
  std::vector<float> offsets(values.tiles);
  for (int64_t row = 0; row < values.rows; ++row) {
    float largest = 0;
    for (int64_t tile = 0; tile < values.tiles; ++tile) {
      const int64_t index = row * values.tiles + tile;
      scales[tile] = HalfAt(values.d, index);
      offsets[tile] = (values.m.empty() ? 0 : HalfAt(values.m, index)) + centre * scales[tile];
      largest = std::max({largest, std::fabs(scales[tile]), std::fabs(offsets[tile]) / 2});
    }
    const uint32_t exponent = contract::UnitExponent(std::bit_cast<uint32_t>(largest));
    const float reciprocal = std::bit_cast<float>(contract::UnitReciprocalBits(exponent));
    result.exponents[row] = static_cast<uint8_t>(exponent);
    for (int64_t tile = 0; tile < values.tiles; ++tile) {
      const int64_t index = row * values.tiles + tile;
      result.scales[index] = InUnits(scales[tile], reciprocal, contract::kLargestScale);
      result.offsets[index] = InUnits(offsets[tile], reciprocal, contract::kLargestOffset);
    }
  }
  return result;
}

void WriteTile(const TileValues& values, const RowScales& scales, TileFormat format, int64_t row_tile,
               int64_t tile, uint8_t* to) {
  const auto bits = static_cast<int>(format);
  std::memset(to, 0, contract::TileWords(bits, values.scale_groups) * contract::kWordBytes);
  const int group_bytes = contract::TileIntegerWords(bits) * contract::kWordBytes;
  uint8_t* const scale_word = to + values.scale_groups * group_bytes;
  const int64_t first = row_tile * contract::kTileRows;
  const auto rows = static_cast<int>(std::min<int64_t>(contract::kTileRows, values.rows - first));
  for (int row = 0; row < rows; ++row) {
    const int64_t index = (first + row) * values.tiles + tile;
    for (int group = 0; group < values.scale_groups; ++group) {
      const uint8_t* const q =
          values.q.data() + (index * values.scale_groups + group) * contract::kGroupElements;
      uint8_t* const words = to + group * group_bytes;
      if (format == TileFormat::kU4) {
        WriteNibbles(q, row, words);
      } else {
        WriteBytes(q, row, words);
      }
    }
    const uint32_t lane = contract::TileScaleLane(scales.scales[index], scales.offsets[index], tile == 0,
                                                  scales.exponents[first + row]);
    std::memcpy(scale_word + contract::kLaneBytes * row, &lane, contract::kLaneBytes);
  }
}

}  // namespace streamtensor::artifact
