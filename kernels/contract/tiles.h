// SPDX-License-Identifier: Apache-2.0
// How packed weights and quantised activations are cut (docs/architecture.md, section 4): groups, tiles,
// blocks, frames.
//
//   group   32 values along K that share a scale
//   tile    16 rows of weights x one group: words of integers, then one word of scales and minima
//   block   the tiles that travel together on a weights channel
//   frame   the quantised activations of an issue: one word a row and group
#ifndef ST_CONTRACT_TILES_H
#define ST_CONTRACT_TILES_H

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

constexpr int kU4IntegerWords = kTileRows * kGroupElements * kU4Bits / kWordBits;
constexpr int kI8IntegerWords = kTileRows * kGroupElements * kI8Bits / kWordBits;
// float16 scales d of the tile's rows, then their minima m.
constexpr int kTileScaleWords = 1;
constexpr int kMaxTileWords = kI8IntegerWords + kTileScaleWords;

constexpr int TileIntegerWords(int bits) { return bits == kU4Bits ? kU4IntegerWords : kI8IntegerWords; }
constexpr int TileWords(int bits) { return TileIntegerWords(bits) + kTileScaleWords; }

// Where the integer of a row and k stands: in which word of the tile, in which byte of it and, for U4, in
// which half of that byte.
constexpr int TileIntegerWord(int bits, int k) {
  return bits == kU4Bits ? k % (kGroupElements / 2) / kLaneBytes : k / kLaneBytes;
}
constexpr int TileIntegerByte(int row, int k) { return row * kLaneBytes + k % kLaneBytes; }
constexpr bool IsHighNibble(int k) { return k >= kGroupElements / 2; }

// A block holds as many tiles as fit. In memory blocks follow each other without a gap; on its stream each
// takes kMaxBlockWords.
constexpr int kMaxBlockWords = 32;
constexpr int kU4BlockTiles = kMaxBlockWords / (kU4IntegerWords + kTileScaleWords);
constexpr int kI8BlockTiles = kMaxBlockWords / (kI8IntegerWords + kTileScaleWords);
constexpr int kMaxBlockTiles = kU4BlockTiles;

constexpr int BlockTiles(int bits) { return bits == kU4Bits ? kU4BlockTiles : kI8BlockTiles; }
constexpr int BlockWords(int bits) { return BlockTiles(bits) * TileWords(bits); }
constexpr int BlockBytes(int bits) { return BlockWords(bits) * kWordBytes; }

// Blocks of an issue: it starts a new one, and its last is filled with zero tiles.
template <class T>
constexpr T IssueBlocks(int bits, T groups, T row_tiles) {
  return CeilDiv<T>(groups * row_tiles, BlockTiles(bits));
}

// Row tiles that the host build of the engine works on together where several threads share them: enough that
// handing them out costs little. One thread takes one after the other, while its sums are in the cache.
constexpr int kSharedRowTiles = 16;

// A frame's word: the group's integers, int8 each, then these lanes.
constexpr int kFrameScaleLane = kGroupElements / kLaneBytes;  // float32
constexpr int kFrameSumLane = kFrameScaleLane + 1;            // int32, of the integers

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
static_assert(2 * kTileRows == kTileScaleWords * kFloat16Lanes, "scales and minima fill their word");
static_assert(TileWords(kU4Bits) == 5 && TileWords(kI8Bits) == 9, "docs/architecture.md, section 4");
static_assert(BlockTiles(kU4Bits) == 6 && BlockWords(kU4Bits) == 30, "docs/architecture.md, section 4");
static_assert(BlockTiles(kI8Bits) == 3 && BlockWords(kI8Bits) == 27, "docs/architecture.md, section 4");
static_assert(kU4BlockTiles >= kI8BlockTiles, "kMaxBlockTiles holds for both formats");
static_assert(BlockWords(kU4Bits) <= kMaxBlockWords && BlockWords(kI8Bits) <= kMaxBlockWords,
              "a block fits its stream");
static_assert(kFrameSumLane < kLanes, "integers, scale and sum fit a frame's word");

}  // namespace contract
}  // namespace streamtensor

#endif
