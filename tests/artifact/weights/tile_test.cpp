// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/tile.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <cstring>
#include <random>
#include <vector>

namespace streamtensor::artifact {
namespace {

constexpr uint32_t kSeed = 20251203;

// Two groups and 20 rows: the second row tile has four.
struct Matrix {
  static constexpr int kRows = 20, kGroups = 2;
  std::vector<uint8_t> q, d, m;

  explicit Matrix(int bits) {
    SCOPED_TRACE(kSeed);
    std::mt19937 random(kSeed);
    for (int i = 0; i < kRows * kGroups * 32; ++i) q.push_back(static_cast<uint8_t>(random() % (1 << bits)));
    for (std::vector<uint8_t>* halves : {&d, &m}) {
      for (int i = 0; i < kRows * kGroups; ++i) {
        const uint32_t half = random() & 0xbfff;  // finite
        halves->push_back(static_cast<uint8_t>(half));
        halves->push_back(static_cast<uint8_t>(half >> 8));
      }
    }
  }
  TileValues values(bool minima) const {
    return {q, d, minima ? std::span<const uint8_t>(m) : std::span<const uint8_t>(), kRows, kGroups};
  }
};

std::vector<uint8_t> Write(const TileValues& values, TileFormat format, int row_tile, int group) {
  std::vector<uint8_t> tile((format == TileFormat::kU4 ? 5 : 9) * 64, 0xaa);
  WriteTile(values, ScaleRows(values, format), format, row_tile, group, tile.data());
  return tile;
}

// A lane of a tile's last word.
struct Lane {
  int scale, offset, exponent;  // the last of a first group only

  Lane(const std::vector<uint8_t>& tile, int row) {
    int32_t lane = 0;
    std::memcpy(&lane, &tile[tile.size() - 64 + 4 * row], 4);
    scale = lane << 20 >> 20;
    offset = lane << 4 >> 20;
    exponent = (lane >> 12 & 15) | (lane >> 24 & 0xf0);
  }
};

void ExpectLane(const std::vector<uint8_t>& tile, const TileValues& values, TileFormat format, int row,
                int group) {
  const RowScales scales = ScaleRows(values, format);
  const Lane lane(tile, row % 16);
  EXPECT_EQ(lane.scale, scales.scales[row * values.tiles + group]) << row << " " << group;
  EXPECT_EQ(lane.offset, scales.offsets[row * values.tiles + group]) << row << " " << group;
  if (group == 0) {
    EXPECT_EQ(lane.exponent, scales.exponents[row]) << row;
  } else {
    // The sign fills both halves: they are int16 as they stand.
    int16_t halves[2];
    std::memcpy(halves, &tile[tile.size() - 64 + 4 * (row % 16)], 4);
    EXPECT_EQ(halves[0], lane.scale) << row;
    EXPECT_EQ(halves[1], lane.offset) << row;
  }
}

std::vector<uint8_t> Halves(const std::vector<float>& values) {
  std::vector<uint8_t> bytes;
  for (const float value : values) {
    const uint16_t half = _cvtss_sh(value, 0);
    bytes.push_back(static_cast<uint8_t>(half));
    bytes.push_back(static_cast<uint8_t>(half >> 8));
  }
  return bytes;
}

// Rows of three groups.
RowScales Scale(const std::vector<float>& d, const std::vector<float>& m, TileFormat format) {
  const std::vector<uint8_t> d_halves = Halves(d);
  const std::vector<uint8_t> m_halves = Halves(m);
  return ScaleRows({{}, d_halves, m_halves, static_cast<int64_t>(d.size()) / 3, 3}, format);
}

using Integers = std::vector<int16_t>;

// The unit makes the largest scale of a row 512 to 1023.
TEST(ScaleRows, UnitOfARow) {
  const RowScales scales =
      Scale({1.0f, 0.5f, -0.25f, 0.001f, 0.0f, 0.001953125f, 0, 0, 0}, {}, TileFormat::kI8);
  EXPECT_EQ(scales.scales, (Integers{512, 256, -128, 262, 0, 512, 0, 0, 0}));
  EXPECT_EQ(scales.offsets, Integers(9, 0));
  EXPECT_EQ(scales.exponents, (std::vector<uint8_t>{127 - 9, 127 - 9 - 9, 0}));
}

// Halves go to even; what rounds to 1024 stays 1023.
TEST(ScaleRows, Rounding) {
  const RowScales scales = Scale({512.5f, 513.5f, 1023.5f}, {}, TileFormat::kI8);
  EXPECT_EQ(scales.scales, (Integers{512, 514, 1023}));
}

// Nibbles count from 8: a weight of d*(q - 8) has no offset. A larger offset than scale sets the unit.
TEST(ScaleRows, OffsetsOfNibbles) {
  const RowScales centred = Scale({1, -1, 0.5f}, {-8, 8, -4}, TileFormat::kU4);
  EXPECT_EQ(centred.scales, (Integers{512, -512, 256}));
  EXPECT_EQ(centred.offsets, Integers(3, 0));
  const RowScales above = Scale({1, 1, 1}, {0, 1, -40}, TileFormat::kU4);
  EXPECT_EQ(above.exponents[0], 127 + 4 - 9);  // |-40 + 8| / 2
  EXPECT_EQ(above.scales, (Integers{32, 32, 32}));
  EXPECT_EQ(above.offsets, (Integers{256, 288, -1024}));
  EXPECT_EQ(Scale({1, 1, 1}, {}, TileFormat::kU4).offsets, Integers(3, 1024));
}

TEST(ScaleRows, EndsOfFloat16) {
  const float most = 65504, least = 5.9604645e-08f;
  const RowScales scales = Scale({most, least, -most, least, 0, least}, {}, TileFormat::kI8);
  EXPECT_EQ(scales.scales, (Integers{1023, 0, -1023, 512, 0, 512}));
  EXPECT_EQ(scales.exponents, (std::vector<uint8_t>{127 + 15 - 9, 127 - 24 - 9}));
}

// Word i, byte 4r+b: k = 4i+b in the low nibble, k = 16+4i+b in the high one.
TEST(WriteTile, U4) {
  const Matrix matrix(4);
  const std::vector<uint8_t> tile = Write(matrix.values(true), TileFormat::kU4, 0, 1);
  for (int r = 0; r < 16; ++r) {
    const uint8_t* q = &matrix.q[(r * Matrix::kGroups + 1) * 32];
    for (int i = 0; i < 4; ++i) {
      for (int b = 0; b < 4; ++b) {
        EXPECT_EQ(tile[64 * i + 4 * r + b] & 15, q[4 * i + b]) << r << " " << i << " " << b;
        EXPECT_EQ(tile[64 * i + 4 * r + b] >> 4, q[16 + 4 * i + b]) << r << " " << i << " " << b;
      }
    }
    ExpectLane(tile, matrix.values(true), TileFormat::kU4, r, 1);
  }
  const std::vector<uint8_t> first = Write(matrix.values(true), TileFormat::kU4, 0, 0);
  for (int r = 0; r < 16; ++r) ExpectLane(first, matrix.values(true), TileFormat::kU4, r, 0);
}

// Two groups with one scale: their words, then the word of scales.
TEST(WriteTile, GroupsThatShareAScale) {
  const Matrix matrix(4);
  TileValues values = matrix.values(true);
  values.tiles = 1;
  values.scale_groups = 2;
  values.d = values.d.first(2 * Matrix::kRows);
  values.m = values.m.first(2 * Matrix::kRows);
  std::vector<uint8_t> tile(9 * 64, 0xaa);
  WriteTile(values, ScaleRows(values, TileFormat::kU4), TileFormat::kU4, 0, 0, tile.data());
  for (int r = 0; r < 16; ++r) {
    for (int k = 0; k < 64; ++k) {
      const uint8_t byte = tile[64 * (k / 32 * 4 + k % 16 / 4) + 4 * r + k % 4];
      EXPECT_EQ(k % 32 < 16 ? byte & 15 : byte >> 4, matrix.q[r * 64 + k]) << r << " " << k;
    }
    ExpectLane(tile, values, TileFormat::kU4, r, 0);
  }
}

// Word i, byte 4r+b: k = 4i+b. Without minima the offsets are 0.
TEST(WriteTile, I8) {
  const Matrix matrix(8);
  const std::vector<uint8_t> tile = Write(matrix.values(false), TileFormat::kI8, 0, 0);
  for (int r = 0; r < 16; ++r) {
    for (int k = 0; k < 32; ++k) {
      EXPECT_EQ(tile[64 * (k / 4) + 4 * r + k % 4], matrix.q[r * Matrix::kGroups * 32 + k]) << r << " " << k;
    }
    ExpectLane(tile, matrix.values(false), TileFormat::kI8, r, 0);
    EXPECT_EQ(Lane(tile, r).offset, 0);
  }
}

TEST(WriteTile, RowsPastTheEndAreZero) {
  for (const TileFormat format : {TileFormat::kU4, TileFormat::kI8}) {
    const Matrix matrix(static_cast<int>(format));
    const std::vector<uint8_t> tile = Write(matrix.values(true), format, 1, 0);
    const int words = static_cast<int>(tile.size()) / 64;
    for (int word = 0; word < words; ++word) {
      for (int byte = 4 * 4; byte < 64; ++byte) EXPECT_EQ(tile[64 * word + byte], 0) << word << " " << byte;
    }
    for (int row = 16; row < 20; ++row) ExpectLane(tile, matrix.values(true), format, row, 0);
  }
}

}  // namespace
}  // namespace streamtensor::artifact
