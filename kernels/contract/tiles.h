// SPDX-License-Identifier: Apache-2.0
// How packed weights and quantised activations are cut (docs/architecture.md, section 4): groups, tiles,
// blocks, frames.
//
//   group   32 values along K: activations share a shift, weights a scale, or several groups do
//   tile    16 rows of weights x the groups that share a scale: words of integers, group by group, then one
//           word of scales and offsets
//   frame   the quantised activations of an issue: one word a row and group
#ifndef ST_CONTRACT_TILES_H
#define ST_CONTRACT_TILES_H

#include <stdint.h>

#include "word.h"

namespace streamtensor {
namespace contract {

constexpr int kGroupElements = 32;
constexpr int kGroupWords = kGroupElements / kLanes;  // that a group's float32 take
constexpr int kTileRows = 16;

// Formats of a tile by the bits of one integer: U4 is unsigned, I8 signed.
constexpr int kU4Bits = 4;
constexpr int kI8Bits = 8;
enum class TileFormat { kU4 = kU4Bits, kI8 = kI8Bits };

// Groups of a tile. A scale for each group of activations, or for 2 or 4 of them: 64 or 128 elements of U4.
constexpr int kMaxScaleGroups = 4;
constexpr bool IsScaleGroups(int bits, int64_t groups) {
  return groups == 1 || (bits == kU4Bits && (groups == 2 || groups == kMaxScaleGroups));
}

// Of a group.
constexpr int kU4IntegerWords = kTileRows * kGroupElements * kU4Bits / kWordBits;
constexpr int kI8IntegerWords = kTileRows * kGroupElements * kI8Bits / kWordBits;
// A lane for each row of the tile: its scale D in the lower half, its offset M in the upper one, in units of
// 2^E that hold for the whole row of weights. A weight is 2^E * (D * (q - centre) + M).
constexpr int kTileScaleWords = 1;
constexpr int kU4Centre = 8;
constexpr int kI8Centre = 0;
constexpr int kLargestScale = 1023;   // of |D|
constexpr int kLargestOffset = 2047;  // of |M|
// D and M are two's complement in these bits of their halves. In the tile of the row's first group the bits
// above them hold the unit: 2^E as float32 has no sign, a mantissa of 0 and, as its exponent, the bits above
// D, then, higher, those above M. In the other tiles they repeat the sign.
constexpr int kScaleBits = 12;
constexpr int kHalfLaneBits = 16;
constexpr int kUnitBits = kHalfLaneBits - kScaleBits;  // in each half

// A row's unit from the bits of the float32 `largest`: the largest of its |d| and |m + centre*d| / 2. The
// scale of that group is from 512 to 1023. The exponent is that of float32, 127 for a unit of 1; 0, the unit
// 0, where `largest` is 0.
constexpr uint32_t UnitExponent(uint32_t largest) {
  return largest == 0 ? 0 : (largest >> 23) - (kScaleBits - 3);
}
// The bits of 1 / unit.
constexpr uint32_t UnitReciprocalBits(uint32_t exponent) { return (254 - exponent) << 23; }
// A row's lane of the scale word.
constexpr uint32_t TileScaleLane(int scale, int offset, bool first_group, uint32_t exponent) {
  return first_group
             ? (static_cast<uint32_t>(scale) & ((1u << kScaleBits) - 1u)) |
                   (exponent & ((1u << kUnitBits) - 1u)) << kScaleBits |
                   (static_cast<uint32_t>(offset) & ((1u << kScaleBits) - 1u)) << kHalfLaneBits |
                   exponent >> kUnitBits << (kHalfLaneBits + kScaleBits)
             : (static_cast<uint32_t>(scale) & 0xffffu) | static_cast<uint32_t>(offset) << kHalfLaneBits;
}
constexpr int kMaxTileWords = kMaxScaleGroups * kU4IntegerWords + kTileScaleWords;

constexpr int TileIntegerWords(int bits, int scale_groups = 1) {
  return scale_groups * (bits == kU4Bits ? kU4IntegerWords : kI8IntegerWords);
}
constexpr int TileWords(int bits, int scale_groups = 1) {
  return TileIntegerWords(bits, scale_groups) + kTileScaleWords;
}
// Words of so many groups of a row tile, a multiple of `scale_groups`.
constexpr int64_t RowTileWords(int bits, int scale_groups, int64_t groups) {
  return groups / scale_groups * TileWords(bits, scale_groups);
}
constexpr int TileCentre(int bits) { return bits == kU4Bits ? kU4Centre : kI8Centre; }

// Where the integer of a row and k stands: in which word of the group, in which byte of it and, for U4, in
// which half of that byte.
constexpr int TileIntegerWord(int bits, int k) {
  return bits == kU4Bits ? k % (kGroupElements / 2) / kLaneBytes : k / kLaneBytes;
}
constexpr int TileIntegerByte(int row, int k) { return row * kLaneBytes + k % kLaneBytes; }
constexpr bool IsHighNibble(int k) { return k >= kGroupElements / 2; }

// The fast host build hands weights on by blocks, of up to as many tiles of a row tile as fit.
constexpr int kMaxBlockWords = 32;
constexpr int kU4BlockTiles = kMaxBlockWords / (kU4IntegerWords + kTileScaleWords);
constexpr int kI8BlockTiles = kMaxBlockWords / (kI8IntegerWords + kTileScaleWords);
constexpr int kMaxBlockTiles = kU4BlockTiles;

constexpr int BlockTiles(int bits, int scale_groups = 1) {
  return kMaxBlockWords / TileWords(bits, scale_groups);
}
constexpr int BlockWords(int bits, int scale_groups = 1) {
  return BlockTiles(bits, scale_groups) * TileWords(bits, scale_groups);
}
constexpr int BlockGroups(int bits, int scale_groups) {
  return BlockTiles(bits, scale_groups) * scale_groups;
}

// Row tiles that the host build of the engine works on together where several threads share them: enough that
// handing them out costs little. One thread takes one after the other, while its sums are in the cache.
constexpr int kSharedRowTiles = 16;

// A frame's word: the group's integers, int8 each, then these lanes.
constexpr int kFrameScaleLane = kGroupElements / kLaneBytes;  // float32: the row's scale by 2^kMaxGroupShift
constexpr int kFrameSumLane = kFrameScaleLane + 1;            // int32, of the integers
constexpr int kFrameShiftLane = kFrameSumLane + 1;            // what the group's term is shifted left by
// For products of pairs of int16: -kU4Centre * sum in the lower half, the sum in the upper one.
constexpr int kFramePairLane = kFrameShiftLane + 1;

static_assert(kGroupElements % kLanes == 0, "a group is whole words of float32");
static_assert(kTileRows == kLanes, "a result word has a lane for each row of a tile");
static_assert(kU4IntegerWords * kWordBits == kTileRows * kGroupElements * kU4Bits,
              "U4 integers fill whole words");
static_assert(kI8IntegerWords * kWordBits == kTileRows * kGroupElements * kI8Bits,
              "I8 integers fill whole words");
static_assert(TileIntegerWord(kU4Bits, kGroupElements - 1) == kU4IntegerWords - 1,
              "the last U4 word is used");
static_assert(TileIntegerWord(kI8Bits, kGroupElements - 1) == kI8IntegerWords - 1,
              "the last I8 word is used");
static_assert(!IsHighNibble(0) && IsHighNibble(kGroupElements / 2) &&
                  TileIntegerWord(kU4Bits, 0) == TileIntegerWord(kU4Bits, kGroupElements / 2) &&
                  TileIntegerByte(0, 0) == TileIntegerByte(0, kGroupElements / 2),
              "the two integers of a byte are half a group apart");
static_assert(TileIntegerByte(kTileRows - 1, kLaneBytes - 1) == kWordBytes - 1,
              "the last byte of a word is used");
static_assert(kTileRows == kTileScaleWords * kLanes, "scales and offsets fill their word");
static_assert(2 * kUnitBits == 8, "a unit is an exponent of float32");
static_assert(kLargestScale < 1 << (kScaleBits - 1) && kLargestOffset < 1 << (kScaleBits - 1),
              "scales and offsets fit their bits");
static_assert(kGroupElements * 127 * kU4Centre < 1 << 15, "a group's sum fits int16, times the centre too");
static_assert(TileWords(kU4Bits) == 5 && TileWords(kI8Bits) == 9, "docs/architecture.md, section 4");
static_assert(BlockTiles(kU4Bits) == 6 && BlockWords(kU4Bits) == 30, "docs/architecture.md, section 4");
static_assert(BlockTiles(kI8Bits) == 3 && BlockWords(kI8Bits) == 27, "docs/architecture.md, section 4");
static_assert(kU4BlockTiles >= kI8BlockTiles, "kMaxBlockTiles holds for both formats");
static_assert(TileWords(kU4Bits, 2) == 9 && TileWords(kU4Bits, kMaxScaleGroups) == 17,
              "docs/architecture.md, section 4");
static_assert(BlockGroups(kU4Bits, 2) == 6 && BlockGroups(kU4Bits, kMaxScaleGroups) == 4,
              "a block has no more groups than with a scale each");
static_assert(kMaxTileWords >= TileWords(kI8Bits), "the largest tile");
static_assert(BlockWords(kU4Bits) <= kMaxBlockWords && BlockWords(kI8Bits) <= kMaxBlockWords,
              "a block fits its stream");
static_assert(kFramePairLane < kLanes, "integers, scale and sum fit a frame's word");

}  // namespace contract
}  // namespace streamtensor

#endif
