// SPDX-License-Identifier: Apache-2.0
// What a slice and its scale stage compute is what the engine's text computes, added up over the groups.
// tests/kernels/rtl compares the modules with the slice's templates.
#include "kernels/st/slice.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "kernels/st/dot.h"

namespace st_test {
namespace {

namespace contract = streamtensor::contract;

using Tile = std::array<st::word512, contract::kMaxTileWords>;

// The term of row `r` of a tile, as a slice of st::engine sums it up word by word.
int64_t TileTerm(int bits, const Tile& tile, const st::word512& activations, int r) {
  const bool is_u4 = bits == contract::kU4Bits;
  const int words = contract::TileIntegerWords(bits);
  int32_t sum = 0;
  st::slice_operand operand = {};
  for (int word = 0; word < words; ++word) {
    operand = st::operand_of(activations, true, is_u4, word);
    int32_t products[2];
    st::pair_products(st::pairs_of(tile[static_cast<size_t>(word)], r & ~1, is_u4), operand, products);
    sum += products[r & 1] - operand.centres;
  }
  const st::word512& scales = tile[static_cast<size_t>(words)];
  return st::tile_term(st::lane_u32(scales, r), sum, st::shifted(operand.sum, operand.shift));
}

// Every integer and activation at its border, and each border beside its opposite: a row's sum stays in its
// field.
TEST(PairProductsTest, KeepRowsApartAtTheBorders) {
  for (const int bits : {contract::kU4Bits, contract::kI8Bits}) {
    const bool is_u4 = bits == contract::kU4Bits;
    for (const int value : {-127, -1, 0, 1, 127}) {
      for (int first = 0; first < 256; ++first) {
        for (const int second : {0, 15, 127, 128, 240, 255}) {
          st::word512 integers(0), frame(0);
          for (int b = 0; b < contract::kLaneBytes; ++b) {
            st::set_lane_u8(integers, b, static_cast<uint8_t>(first));
            st::set_lane_u8(integers, contract::kLaneBytes + b, static_cast<uint8_t>(second));
          }
          for (int k = 0; k < contract::kGroupElements; ++k)
            st::set_lane_i8(frame, k, static_cast<int8_t>(value));
          st::set_lane_i32(frame, contract::kFrameShiftLane, contract::kMaxGroupShift);
          int32_t products[2];
          const st::slice_operand operand = st::operand_of(frame, true, is_u4, 0);
          st::pair_products(st::pairs_of(integers, 0, is_u4), operand, products);
          const auto want = [&](int byte) {
            const int weight =
                is_u4 ? (byte & 15) + (byte >> 4) - 2 * contract::kU4Centre : static_cast<int8_t>(byte);
            return contract::kLaneBytes * weight * value * (1 << contract::kMaxGroupShift);
          };
          ASSERT_EQ(products[0] - operand.centres, want(first))
              << bits << " " << value << " " << first << " " << second;
          ASSERT_EQ(products[1] - operand.centres, want(second))
              << bits << " " << value << " " << first << " " << second;
        }
      }
    }
  }
}

class SliceTest : public testing::TestWithParam<int> {  // bits of a weight
 protected:
  int Between(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }

  Tile MakeTile(bool first_group) {
    Tile tile;
    for (st::word512& word : tile) {
      for (int i = 0; i < contract::kLanes; ++i) st::set_lane_u32(word, i, static_cast<uint32_t>(random_()));
    }
    st::word512& scales = tile[static_cast<size_t>(contract::TileIntegerWords(GetParam()))];
    for (int r = 0; r < contract::kTileRows; ++r) {
      st::set_lane_u32(scales, r,
                       contract::TileScaleLane(Between(-contract::kLargestScale, contract::kLargestScale),
                                               Between(-contract::kLargestOffset, contract::kLargestOffset),
                                               first_group, static_cast<uint32_t>(Between(0, 255))));
    }
    return tile;
  }

  // A plane's words of a tile. U4 has one, the tile's own.
  void MakePlane(const Tile& tile, bool high, st::word512 (&plane)[contract::kPlaneWords]) {
    for (int w = 0; w < contract::kPlaneWords; ++w) {
      if (GetParam() == contract::kU4Bits) {
        plane[w] = tile[static_cast<size_t>(w)];
        continue;
      }
      plane[w] = st::word512(0);
      for (int byte = 0; byte < contract::kWordBytes; ++byte) {
        // The low nibbles of a plane's bytes are of the group's first half, as U4's.
        const auto nibble = [&](int word) {
          const int biased = st::lane_i8(tile[static_cast<size_t>(word)], byte) + 128;
          return biased >> (high ? contract::kPlaneShift : 0) & 15;
        };
        st::set_lane_u8(
            plane[w], byte,
            static_cast<uint8_t>(nibble(w) | nibble(w + contract::kPlaneWords) << contract::kNibbleBits));
      }
    }
  }

  std::mt19937 random_{1};
};

TEST_P(SliceTest, ComputesTheTermsOfTheEngine) {
  const bool i8 = GetParam() == contract::kI8Bits;
  for (int row_tile = 0; row_tile < 20; ++row_tile) {
    const int groups = Between(1, 12);
    std::array<int64_t, contract::kTileRows> want{};
    std::array<uint32_t, contract::kTileRows> units{};
    st::kept_sums<1> kept = {};
    int results = 0;
    for (int group = 0; group < groups; ++group) {
      const Tile tile = MakeTile(group == 0);
      const st::word512& scales = tile[static_cast<size_t>(contract::TileIntegerWords(GetParam()))];

      // The same activations as a frame's word and as a beat.
      const int shift = Between(0, contract::kMaxGroupShift);
      st::word512 frame(0);
      st::slice<1>::activation_beat beat(0);
      int32_t sum = 0;
      for (int k = 0; k < contract::kGroupElements; ++k) {
        const int value = Between(-127, 127);
        sum += value;
        st::set_lane_i8(frame, k, static_cast<int8_t>(value));
        st::set_field(beat, contract::kActivationBits * k, contract::kActivationBits,
                      static_cast<uint32_t>(value));
      }
      st::set_lane_i32(frame, contract::kFrameSumLane, sum);
      st::set_lane_i32(frame, contract::kFrameShiftLane, shift);
      st::set_field(beat, contract::kLaneActivationSum, contract::kActivationSumBits,
                    static_cast<uint32_t>(sum));
      st::set_field(beat, contract::kLaneGroupShift, contract::kGroupShiftBits, static_cast<uint32_t>(shift));
      const int tag = contract::kActivationLaneBits;
      st::set_field(beat, tag + contract::kActivationFirst, 1, group == 0);
      st::set_field(beat, tag + contract::kActivationLast, 1, group == groups - 1);
      st::set_field(beat, tag + contract::kActivationTwoPlanes, 1, i8);

      for (int r = 0; r < contract::kTileRows; ++r) {
        want[static_cast<size_t>(r)] += TileTerm(GetParam(), tile, frame, r);
        if (group == 0) {
          units[static_cast<size_t>(r)] = st::tile_unit_exponent(scales, r);
        }
      }
      for (int plane = 0; plane < (i8 ? 2 : 1); ++plane) {
        st::word512 nibbles[contract::kPlaneWords];
        MakePlane(tile, plane == 1, nibbles);
        st::slice<1>::sum_beat sums[contract::kQuads];
        st::mac_plane<1>(nibbles, scales, plane == 1, beat, sums);
        for (int quad = 0; quad < contract::kQuads; ++quad) {
          st::slice<1>::result_beat result;
          if (!st::scale_beat<1>(sums[quad], kept, result)) continue;
          ++results;
          for (int r = 0; r < contract::kQuadRows; ++r) {
            const size_t row = static_cast<size_t>(contract::kQuadRows * quad + r);
            const int at = contract::kRowSumBits * r;
            const int64_t got =
                static_cast<int64_t>(st::unsigned_field(result, at, 32)) |
                static_cast<int64_t>(st::signed_field(result, at + 32, contract::kRowSumBits - 32)) << 32;
            EXPECT_EQ(got, want[row]) << "row " << row << " of row tile " << row_tile;
            EXPECT_EQ(st::unsigned_field(result, contract::kResultLaneBits + contract::kUnitBitsOfRow * r,
                                         contract::kUnitBitsOfRow),
                      units[row]);
          }
        }
      }
    }
    EXPECT_EQ(results, contract::kQuads);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SliceTest, testing::Values(contract::kU4Bits, contract::kI8Bits),
                         [](const auto& format) { return format.param == contract::kU4Bits ? "U4" : "I8"; });

}  // namespace
}  // namespace st_test
