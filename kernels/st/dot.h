// SPDX-License-Identifier: Apache-2.0
// dot(): the engine's arithmetic, and its kin in attention. Each has one plain text, which is what the
// card is built from, and faster ones for the host (dot_avx2.h, dot_avx512.h) that give the same bits.
#ifndef ST_DOT_H
#define ST_DOT_H

#include <stdint.h>

#include "contract/numerics.h"
#include "contract/slice.h"
#include "contract/tiles.h"
#include "issue.h"
#include "math.h"
#include "word.h"

namespace st {

// A frame's word (contract/tiles.h).
inline float frame_scale(const word512& word) { return lane_f32(word, contract::kFrameScaleLane); }
inline int32_t frame_sum(const word512& word) { return lane_i32(word, contract::kFrameSumLane); }
inline int frame_shift(const word512& word) { return lane_i32(word, contract::kFrameShiftLane); }

// A row's lane of a tile's word of scales and offsets (contract/tiles.h).
inline int32_t tile_scale(uint32_t lane) {
  return static_cast<int32_t>(lane << (32 - contract::kScaleBits)) >> (32 - contract::kScaleBits);
}
inline int32_t tile_offset(uint32_t lane) {
  return static_cast<int32_t>(lane << contract::kUnitBits) >> (32 - contract::kScaleBits);
}
// The exponent of a row's unit, in the tile of its first group.
inline uint8_t tile_unit_exponent(const word512& scales, int row) {
  const uint32_t bits = lane_u32(scales, row);
  const uint32_t low = bits >> contract::kScaleBits & ((1u << contract::kUnitBits) - 1u);
  const uint32_t high = bits >> (32 - contract::kUnitBits);
  return static_cast<uint8_t>(high << contract::kUnitBits | low);
}

// What a slice multiplies: one row's integers for a word of a tile, each times the powers of two that its
// product counts, and what the tile's term needs of the group.
struct slice_operand {
  int16_t low[contract::kColumns / 2];
  int16_t high[contract::kColumns / 2];
  int32_t centres;  // what the nibbles' centres add to a weight row's sum
  int16_t sum;
  int shift;
};

// `value` shifted left as a group is: two multiplexers.
inline int32_t shifted(int32_t value, int shift) {
#pragma HLS INLINE
  static_assert(contract::kMaxGroupShift == 3, "a shift has two bits");
  const int32_t by_one = (shift & 1) != 0 ? value * 2 : value;
  return (shift & 2) != 0 ? by_one * 4 : by_one;
}

// `word`: of the group. A row that doesn't exist, or a word without integers, counts as zeros.
inline slice_operand operand_of(const word512& activations, bool exists, bool is_u4, int word) {
#pragma HLS INLINE
  uint32_t low = 0, high = 0;
  for (int i = 0; i < contract::kI8IntegerWords; ++i) {
#pragma HLS UNROLL
    const uint32_t lane = lane_u32(activations, i);
    low = i == word ? lane : low;
    high = i == (is_u4 ? word + contract::kU4IntegerWords : word) ? lane : high;
  }
  slice_operand operand;
  operand.sum = static_cast<int16_t>(exists ? frame_sum(activations) : 0);
  operand.shift = exists ? frame_shift(activations) : 0;
  int32_t low_sum = 0, high_sum = 0;
  for (int b = 0; b < contract::kLaneBytes; ++b) {
#pragma HLS UNROLL
    const int32_t below = shifted(static_cast<int8_t>(exists ? low >> (8 * b) & 255u : 0u), operand.shift);
    const int32_t above = shifted(static_cast<int8_t>(exists ? high >> (8 * b) & 255u : 0u), operand.shift);
    operand.low[b] = static_cast<int16_t>(below);
    operand.high[b] = static_cast<int16_t>(is_u4 ? above : above * (1 << contract::kNibbleBits));
    low_sum += operand.low[b];
    high_sum += operand.high[b];
  }
  operand.centres = contract::kNibbleCentre * (is_u4 ? low_sum + high_sum : high_sum);
  return operand;
}

// The nibbles of two weight rows, without a sign: the second row's stand kPairBits above the first's, so that
// one product with an activation is one of each row's.
struct nibble_pairs {
  uint32_t low[contract::kLaneBytes];
  uint32_t high[contract::kLaneBytes];
};
constexpr int kPairBits = 21;  // of a row's sum over a word
static_assert((int64_t{contract::kLaneBytes} * 15 * static_cast<int>(contract::kLargestQuantised) *
               (1 + (1 << contract::kNibbleBits)))
                      << contract::kMaxGroupShift <
                  int64_t{1} << (kPairBits - 1),
              "a row's sum fits its field");
static_assert(kPairBits + contract::kNibbleBits < 27, "a pair fits the multiplier of a DSP48E2");
static_assert(8 + contract::kMaxGroupShift + contract::kNibbleBits <= 16, "a shifted activation fits");

// `row`: the first of the two. The high nibbles of I8 have a sign: it is turned over, so that they are more
// by their centre, as those of U4 are.
inline nibble_pairs pairs_of(const word512& integers, int row, bool is_u4) {
#pragma HLS INLINE
  const uint32_t turned = is_u4 ? 0u : 8u;
  nibble_pairs pairs;
  for (int b = 0; b < contract::kLaneBytes; ++b) {
#pragma HLS UNROLL
    const uint32_t first = lane_u8(integers, contract::kLaneBytes * row + b);
    const uint32_t second = lane_u8(integers, contract::kLaneBytes * (row + 1) + b);
    pairs.low[b] = (second & 15u) << kPairBits | (first & 15u);
    pairs.high[b] = ((second >> contract::kNibbleBits) ^ turned) << kPairBits |
                    ((first >> contract::kNibbleBits) ^ turned);
  }
  return pairs;
}

// A word of integers times a row's activations: what it adds to the tile's sums of two weight rows, but for
// the operand's centres. The nibbles of an I8 weight are products of their own, so that both formats share
// the multipliers.
inline void pair_products(const nibble_pairs& pairs, const slice_operand& operand, int32_t (&products)[2]) {
#pragma HLS INLINE
  int64_t part[contract::kLaneBytes];
#pragma HLS ARRAY_PARTITION variable = part type = complete
  for (int b = 0; b < contract::kLaneBytes; ++b) {
#pragma HLS UNROLL
    part[b] = int64_t{pairs.low[b]} * operand.low[b] + int64_t{pairs.high[b]} * operand.high[b];
  }
  static_assert(contract::kLaneBytes == 4, "the sum below has four parts");
  const int64_t sum = (part[0] + part[1]) + (part[2] + part[3]);
  const uint32_t first = static_cast<uint32_t>(sum) << (32 - kPairBits);
  products[0] = static_cast<int32_t>(first) >> (32 - kPairBits);
  products[1] = static_cast<int32_t>(sum >> kPairBits) + static_cast<int32_t>(first >> 31);
}

// `value`, which fits BITS, said so that it does: one multiplier is enough, and sums are no wider.
template <int BITS>
inline int32_t in_bits(int32_t value) {
#pragma HLS INLINE
  return static_cast<int32_t>(static_cast<uint32_t>(value) << (32 - BITS)) >> (32 - BITS);
}

template <int BITS>
inline int64_t in_bits(int64_t value) {
#pragma HLS INLINE
  return static_cast<int64_t>(static_cast<uint64_t>(value) << (64 - BITS)) >> (64 - BITS);
}

// The term of a tile from its sum of products and that of its activations, both shifted group by group, for
// a row with these scales.
inline int64_t tile_term(uint32_t scales, int32_t products, int32_t activations) {
#pragma HLS INLINE
  return int64_t{tile_scale(scales)} * in_bits<contract::kTileSumBits>(products) +
         int64_t{tile_offset(scales)} * in_bits<contract::kTileActivationSumBits>(activations);
}

// How a row of activations is quantised.
struct row_scale {
  float scale;       // of its integers
  float reciprocal;  // 0 where the scale is
};
inline row_scale scale_of_row(float largest) {
#pragma HLS INLINE
  row_scale row;
  row.scale = largest < contract::kLeastQuantised ? 0.0f : divide_by_127(largest);
  row.reciprocal = row.scale == 0.0f ? 0.0f : 1.0f / row.scale;
  return row;
}
// By how many powers of two a group is finer: as many as keep its largest value below the row's.
inline int group_shift(float group_largest, float row_largest) {
#pragma HLS INLINE
  int shift = 0;
  for (int i = 1; i <= contract::kMaxGroupShift; ++i) {
#pragma HLS UNROLL
#ifdef ST_FAST
    if (group_largest * static_cast<float>(1 << i) <= row_largest) shift = i;
#else
    if (no_larger(scale_by_power(group_largest, i), row_largest)) shift = i;
#endif
  }
  return shift;
}

inline float largest_magnitude_plain(const word512& word) {
#pragma HLS INLINE
  float largest = 0.0f;
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    const float magnitude = float_of_bits(lane_u32(word, i) & 0x7fffffffu);
    largest = magnitude > largest ? magnitude : largest;  // leaves a NaN out
  }
  return largest;
}

// A frame's word from the group's integers.
inline word512 frame_word(const int8_t (&q)[contract::kGroupElements], int32_t sum, float scale, int shift) {
#pragma HLS INLINE
  word512 word(0);
  for (int i = 0; i < contract::kGroupElements; ++i) {
#pragma HLS UNROLL
    set_lane_i8(word, i, q[i]);
  }
  const uint32_t centred = static_cast<uint32_t>(-contract::kU4Centre * sum) & 0xffffu;
  set_lane_f32(word, contract::kFrameScaleLane, scale_by_power(scale, -contract::kMaxGroupShift));
  set_lane_i32(word, contract::kFrameSumLane, sum);
  set_lane_i32(word, contract::kFrameShiftLane, contract::kMaxGroupShift - shift);
  set_lane_u32(word, contract::kFramePairLane, static_cast<uint32_t>(sum) << 16 | centred);
  return word;
}

// One group of activations to a frame's word.
inline word512 quantise_plain(const word512& low, const word512& high, const row_scale& row, int shift) {
#pragma HLS INLINE
  const float factor = scale_by_power(row.reciprocal, shift);
  int8_t q[contract::kGroupElements];
  int16_t sums[contract::kGroupElements];
#pragma HLS ARRAY_PARTITION variable = sums type = complete
  for (int i = 0; i < contract::kGroupElements; ++i) {
#pragma HLS UNROLL
    const float x = i < contract::kLanes ? lane_f32(low, i) : lane_f32(high, i - contract::kLanes);
    q[i] = static_cast<int8_t>(rounded_integer(x * factor));
    sums[i] = q[i];
  }
  for (int level = 0; level < 5; ++level) {  // each level halves those that count
#pragma HLS UNROLL
    for (int i = 0; i < contract::kGroupElements / 2; ++i) {
#pragma HLS UNROLL
      sums[i] = static_cast<int16_t>(sums[2 * i] + sums[2 * i + 1]);
    }
  }
  static_assert(contract::kGroupElements == 1 << 5, "one sum is left");
  return frame_word(q, sums[0], row.scale, shift);
}

// Scores of `count` key rows of D floats, `stride` floats apart: scale * (Float sum of q*k).
template <int D>
inline void score_rows_plain(const float* query, const float* keys, int stride, int count, float scale,
                             float* scores) {
  for (int row = 0; row < count; ++row) {
#pragma HLS PIPELINE
    float p[contract::kSumPartials] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < D; ++i) {
#pragma HLS UNROLL
      p[i % contract::kSumPartials] = p[i % contract::kSumPartials] + query[i] * keys[row * stride + i];
    }
    scores[row] = scale * sum_tree(p);
  }
}

}  // namespace st

#ifdef ST_FAST
namespace st {

// A row's sums over a row tile, while its groups are added; `total` in the host's own order. `part` holds a
// run of tiles.
struct alignas(contract::kWordBytes) row_sums {
  int32_t part[contract::kTileRows];
  int64_t total[contract::kTileRows];
};

// The scales of a row tile's first group without their unit, and the unit.
struct row_tile_scales {
  word512 scales;
  alignas(contract::kWordBytes) float units[contract::kTileRows];
};

}  // namespace st

#include "dot_avx2.h"
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512F__)
#define ST_FAST_VNNI 1
#include "dot_avx512.h"
#endif
#endif

namespace st {

static_assert(contract::BlockGroups(contract::kU4Bits, 1) *
                          ((int64_t{contract::kLargestScale} * contract::kU4Centre +
                            contract::kLargestOffset) *
                           contract::kGroupElements * static_cast<int>(contract::kLargestQuantised))
                      << contract::kMaxGroupShift <
                  int64_t{1} << 31,
              "the terms of a block's U4 groups, shifted, fit int32");
static_assert((int64_t{contract::kLargestScale} * 128 + contract::kLargestOffset) * contract::kGroupElements *
                      static_cast<int>(contract::kLargestQuantised) <
                  int64_t{1} << 31,
              "the term of an I8 tile fits int32");

#ifdef ST_FAST
// What dot() wants of an issue's frame besides: made once for all its row tiles.
inline const word512* prepare(int bits, const word512* frame, int words, word512* wide) {
#ifndef ST_FAST_VNNI
  if (bits == contract::kI8Bits) {
    for (int i = 0; i < words; ++i) wide[i] = avx2::widen(frame[i]);
    return wide;
  }
#endif
  return frame;
}

// `run` groups from `tiles` on, at most a block's, whole tiles but for the row tile's last, against `rows`
// rows of the frame, `groups` words apart; added to sums[row], which start from 0 if they are `fresh`.
// `first_scales`: the first tile's scales, without a unit. `wide`: what prepare() made of the frame's words,
// or the frame where it has nothing to do.
inline void dot(int bits, const word512* tiles, int run, int scale_groups, const word512* first_scales,
                const word512* frame, const word512* wide, int groups, int rows, bool fresh, row_sums* sums) {
#ifdef ST_FAST_VNNI
  if (bits == contract::kU4Bits) {
    avx512::dot<contract::kU4Bits>(tiles, run, scale_groups, first_scales, frame, groups, rows, fresh, sums);
  } else {
    avx512::dot<contract::kI8Bits>(tiles, run, scale_groups, first_scales, frame, groups, rows, fresh, sums);
  }
#else
  if (bits == contract::kU4Bits) {
    avx2::dot<contract::kU4Bits>(tiles, run, scale_groups, first_scales, frame, wide, groups, rows, fresh,
                                 sums);
  } else {
    avx2::dot<contract::kI8Bits>(tiles, run, scale_groups, first_scales, frame, wide, groups, rows, fresh,
                                 sums);
  }
#endif
}

// Takes the unit out of the scales of a row tile's first group.
inline row_tile_scales split_unit(const word512& scales) { return avx2::split_unit(scales); }

// A row tile's word of results. `scale` is the row's.
inline word512 finish(const row_sums& sums, const row_tile_scales& scales, float scale) {
#ifdef ST_FAST_VNNI
  return avx512::finish(sums, scales, scale);
#else
  return avx2::finish(sums, scales, scale);
#endif
}
#endif

// The largest magnitude of a group, its floats in two words.
inline float largest_magnitude(const word512& low, const word512& high) {
#pragma HLS INLINE
#ifdef ST_FAST
  return avx2::largest_magnitude(low, high);
#else
  const float a = largest_magnitude_plain(low);
  const float b = largest_magnitude_plain(high);
  return a > b ? a : b;
#endif
}

inline word512 quantise_words(const word512& low, const word512& high, const row_scale& row, int shift) {
#pragma HLS INLINE
#ifdef ST_FAST
  return avx2::quantise(low, high, row.reciprocal * static_cast<float>(1 << shift),
                        row.scale / static_cast<float>(1 << contract::kMaxGroupShift),
                        contract::kMaxGroupShift - shift);
#else
  return quantise_plain(low, high, row, shift);
#endif
}

template <int D>
inline void score_rows(const float* query, const float* keys, int stride, int count, float scale,
                       float* scores) {
#ifdef ST_FAST
  if (D % contract::kSumPartials == 0) {
    avx2::score_rows<D>(query, keys, stride, count, scale, scores);
    return;
  }
#endif
  score_rows_plain<D>(query, keys, stride, count, scale, scores);
}

// float16 of a row, round half to even.
inline void f16_row(const float* row, int n, uint16_t* halves) {
  int i = 0;
#ifdef ST_FAST
  for (; i + 8 <= n; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(halves + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(row + i), _MM_FROUND_TO_NEAREST_INT));
  }
#endif
  for (; i < n; ++i) {
#pragma HLS PIPELINE II = 1
    halves[i] = f16_of_f32(row[i]);
  }
}

}  // namespace st

#endif
