// SPDX-License-Identifier: Apache-2.0
// What passes between the weights' FIFO, a MAC slice, its scale stage and what follows (kernels/rtl): the
// widths and places of all fields. kernels/rtl/st_contract.sv is written from this header.
//
// The modules take tiles of one group: a scale for 32 weights.
//
//   plane    the nibbles of a tile that lie at one place of its integers: one for U4, two for I8, low first
//   pass     one tile against as many rows of activations (tokens) as the slice has lanes
//   quad     4 rows of a tile, which leave a slice together
//
// Lanes of a slice are tokens; lanes of a word are contract/word.h's.
#ifndef ST_CONTRACT_SLICE_H
#define ST_CONTRACT_SLICE_H

#include "limits.h"
#include "numerics.h"
#include "tiles.h"
#include "word.h"

namespace streamtensor {
namespace contract {

constexpr int kNibbleBits = 4;
constexpr int kColumns = kWordBits / (kTileRows * kNibbleBits);  // values of k in a nibble word
constexpr int kPlaneWords = kGroupElements / kColumns;
constexpr int kQuadRows = 4;
constexpr int kQuads = kTileRows / kQuadRows;
constexpr int kMaxSliceLanes = 2;

// A plane's word i, row r: byte 4r+b holds k = 4i+b in its low nibble and k = 16+4i+b in its high one, as the
// words of a U4 tile. The low plane of I8 is an unsigned nibble; the high one, and U4, less kNibbleCentre
// (so the high plane holds the top four bits of w + 128).
constexpr int kNibbleCentre = kU4Centre;
constexpr int kPlaneShift = kNibbleBits;  // of the high plane's sums

// Widths, two's complement where there is a sign.
constexpr int kActivationBits = 8;      // -127..127
constexpr int kActivationSumBits = 13;  // of a group
constexpr int kGroupShiftBits = 2;      // a group's term is shifted left by 0..3
constexpr int kPlaneSumBits = 17;       // of a group: nibbles times activations
// Of a tile, its groups shifted.
constexpr int kTileSumBits = kPlaneSumBits + kNibbleBits + kGroupShiftBits;
constexpr int kTileActivationSumBits = kActivationSumBits + kMaxGroupShift + kGroupShiftBits;
constexpr int kScaleFieldBits = kScaleBits;  // D, M: at bits 0 and 16 of a row's lane of the scales' word
constexpr int kScaleFieldSpacing = kHalfLaneBits;
constexpr int kUnitHalfBits = kUnitBits;  // above each of them: the row's unit
constexpr int kRowSumBits = 48;
constexpr int kPassBits = 4;
constexpr int kQuadBits = 2;

// What the weights' FIFO in front of a slice holds, and what a slice holds.
constexpr int kWeightsFifoWords = 4096;
constexpr int kSliceRingWords = 32;  // nibble words
constexpr int kSliceRingScales = 8;  // words of scales
constexpr int kSliceOutputBeats = 32;

// An element of the weights' stream: the word, then whether it is a tile's word of scales. That word follows
// the tile's nibble words.
constexpr int kScalesFlag = kWordBits;
constexpr int kWeightElementBits = kWordBits + 1;

// A beat of activations, one a pass. By lane: a group's integers, their sum, the group's shift.
constexpr int kLaneActivationSum = kGroupElements * kActivationBits;
constexpr int kLaneGroupShift = kLaneActivationSum + kActivationSumBits;
constexpr int kActivationLaneBits = kLaneGroupShift + kGroupShiftBits;
// Then, after all lanes, the pass:
constexpr int kActivationPass = 0;                             // its number: where its sums are kept
constexpr int kActivationFirst = kActivationPass + kPassBits;  // the first group of a row
constexpr int kActivationLast = kActivationFirst + 1;          // the last group of a row
constexpr int kActivationEndsTile = kActivationLast + 1;       // no other pass uses this tile
constexpr int kActivationTwoPlanes = kActivationEndsTile + 1;  // the tile is I8
constexpr int kActivationTagBits = kActivationTwoPlanes + 1;
constexpr int ActivationBeatBits(int lanes) { return lanes * kActivationLaneBits + kActivationTagBits; }

// A beat of sums, four a pass and plane: quads ascending. By lane: the sums of a quad's rows, then the
// activations' sum and the shift.
constexpr int kLanePlaneActivationSum = kQuadRows * kPlaneSumBits;
constexpr int kLanePlaneShift = kLanePlaneActivationSum + kActivationSumBits;
constexpr int kSumLaneBits = kLanePlaneShift + kGroupShiftBits;
// Then the quad's lanes of the scales' word, and:
constexpr int kSumQuad = kQuadRows * 32;
constexpr int kSumPass = kSumQuad + kQuadBits;
constexpr int kSumFirst = kSumPass + kPassBits;  // starts the row's sums
constexpr int kSumLast = kSumFirst + 1;          // completes them
constexpr int kSumHighPlane = kSumLast + 1;      // the high plane of I8
constexpr int kSumTagBits = kSumHighPlane + 1;
constexpr int SumBeatBits(int lanes) { return lanes * kSumLaneBits + kSumTagBits; }

// A beat of results, four a pass once its rows are complete: by lane the sums of a quad's rows, then the
// rows' units (an exponent of float32 each), the quad, the pass.
constexpr int kUnitBitsOfRow = 2 * kUnitHalfBits;
constexpr int kResultLaneBits = kQuadRows * kRowSumBits;
constexpr int kResultQuad = kQuadRows * kUnitBitsOfRow;
constexpr int kResultPass = kResultQuad + kQuadBits;
constexpr int kResultTagBits = kResultPass + kPassBits;
constexpr int ResultBeatBits(int lanes) { return lanes * kResultLaneBits + kResultTagBits; }

static_assert(kPlaneWords * kColumns == kGroupElements && kU4IntegerWords == kPlaneWords &&
                  kI8IntegerWords == 2 * kPlaneWords,
              "a plane is whole words, a U4 tile one plane, an I8 tile two");
static_assert(kPlaneWords == kQuads, "a plane's steps, later, are the quads of its beats");
static_assert(kQuads == 1 << kQuadBits, "a quad's number fills its field");
static_assert(kMaxStepTokens <= 1 << kPassBits, "a pass for each token of a step, with one lane");
constexpr int kLargestGroupSum = kGroupElements * static_cast<int>(kLargestQuantised);
static_assert(kLargestGroupSum < 1 << (kActivationSumBits - 1), "a group's sum of activations fits");
// Two rows share a multiplier: the lower row's sum, plus half its field, is never negative.
static_assert(kLargestGroupSum * 15 < 1 << (kPlaneSumBits - 1), "a group's sum of unsigned nibbles fits");
static_assert((int64_t{kLargestGroupSum} * (1 << (kI8Bits - 1)) << kMaxGroupShift) <
                      int64_t{1} << (kTileSumBits - 1) &&
                  (int64_t{kLargestGroupSum} * kU4Centre * kMaxScaleGroups << kMaxGroupShift) <
                      int64_t{1} << (kTileSumBits - 1),
              "a tile's sum of products fits");
static_assert((int64_t{kLargestGroupSum} * kMaxScaleGroups << kMaxGroupShift) <
                  int64_t{1} << (kTileActivationSumBits - 1),
              "a tile's sum of activations fits");
static_assert(kMaxGroupShift == (1 << kGroupShiftBits) - 1, "a group's shift fills its field");
static_assert(kSliceRingWords % (2 * kPlaneWords) == 0 && kSliceRingScales * kPlaneWords == kSliceRingWords,
              "the rings hold whole tiles");
static_assert(kSliceOutputBeats % kQuads == 0, "room for whole passes");
static_assert(((int64_t{1} << (kScaleFieldBits - 1)) * 136 * kLargestGroupSum +
               (int64_t{1} << (kScaleFieldBits - 1)) * kLargestGroupSum)
                      << ((1 << kGroupShiftBits) - 1) <
                  (int64_t{1} << (kRowSumBits - 1)) >> 13,
              "the sums of 8,192 groups of I8 fit");

}  // namespace contract
}  // namespace streamtensor

#endif
