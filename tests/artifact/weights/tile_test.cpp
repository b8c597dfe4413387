// SPDX-License-Identifier: Apache-2.0
#include "artifact/weights/tile.h"

#include <gtest/gtest.h>

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
    for (int i = 0; i < kRows * kGroups * 2; ++i) d.push_back(static_cast<uint8_t>(random()));
    for (int i = 0; i < kRows * kGroups * 2; ++i) m.push_back(static_cast<uint8_t>(random()));
  }
  TileValues values(bool minima) const {
    return {q, d, minima ? std::span<const uint8_t>(m) : std::span<const uint8_t>(), kRows, kGroups};
  }
};

std::vector<uint8_t> Write(const TileValues& values, TileFormat format, int row_tile, int group) {
  std::vector<uint8_t> tile((format == TileFormat::kU4 ? 5 : 9) * 64, 0xaa);
  WriteTile(values, format, row_tile, group, tile.data());
  return tile;
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
    EXPECT_EQ(std::memcmp(&tile[64 * 4 + 2 * r], &matrix.d[(r * Matrix::kGroups + 1) * 2], 2), 0);
    EXPECT_EQ(std::memcmp(&tile[64 * 4 + 32 + 2 * r], &matrix.m[(r * Matrix::kGroups + 1) * 2], 2), 0);
  }
}

// Word i, byte 4r+b: k = 4i+b. Without minima their half of the last word is 0.
TEST(WriteTile, I8) {
  const Matrix matrix(8);
  const std::vector<uint8_t> tile = Write(matrix.values(false), TileFormat::kI8, 0, 0);
  for (int r = 0; r < 16; ++r) {
    for (int k = 0; k < 32; ++k) {
      EXPECT_EQ(tile[64 * (k / 4) + 4 * r + k % 4], matrix.q[r * Matrix::kGroups * 32 + k]) << r << " " << k;
    }
    EXPECT_EQ(std::memcmp(&tile[64 * 8 + 2 * r], &matrix.d[r * Matrix::kGroups * 2], 2), 0);
    EXPECT_EQ(tile[64 * 8 + 32 + 2 * r], 0);
    EXPECT_EQ(tile[64 * 8 + 33 + 2 * r], 0);
  }
}

TEST(WriteTile, RowsPastTheEndAreZero) {
  for (const TileFormat format : {TileFormat::kU4, TileFormat::kI8}) {
    const Matrix matrix(static_cast<int>(format));
    const std::vector<uint8_t> tile = Write(matrix.values(true), format, 1, 0);
    const int words = static_cast<int>(tile.size()) / 64;
    for (int word = 0; word + 1 < words; ++word) {
      for (int byte = 4 * 4; byte < 64; ++byte) EXPECT_EQ(tile[64 * word + byte], 0) << word << " " << byte;
    }
    for (const int half : {0, 32}) {
      for (int byte = 2 * 4; byte < 32; ++byte) EXPECT_EQ(tile[64 * (words - 1) + half + byte], 0);
    }
    EXPECT_EQ(std::memcmp(&tile[64 * (words - 1)], &matrix.d[16 * Matrix::kGroups * 2], 2), 0);
  }
}

}  // namespace
}  // namespace streamtensor::artifact
