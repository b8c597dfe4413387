// SPDX-License-Identifier: Apache-2.0
// dot(): the engine's arithmetic, and its kin in attention. Each has one plain text, which is what the
// card is built from, and faster ones for the host (dot_avx2.h, dot_avx512.h) that give the same bits.
#ifndef ST_DOT_H
#define ST_DOT_H

#include <stdint.h>

#include "contract/numerics.h"
#include "contract/tiles.h"
#include "issue.h"
#include "math.h"
#include "word.h"

namespace st {

// A frame's word (contract/tiles.h).
inline float frame_scale(const word512& word) { return lane_f32(word, contract::kFrameScaleLane); }
inline int32_t frame_sum(const word512& word) { return lane_i32(word, contract::kFrameSumLane); }
inline int frame_shift(const word512& word) { return lane_i32(word, contract::kFrameShiftLane); }

// A tile's word of scales and offsets (contract/tiles.h), by row.
inline int32_t tile_scale(const word512& scales, int row) {
  const uint32_t bits = lane_u32(scales, row) << (32 - contract::kScaleBits);
  return static_cast<int32_t>(bits) >> (32 - contract::kScaleBits);
}
inline int32_t tile_offset(const word512& scales, int row) {
  const uint32_t bits = lane_u32(scales, row) << contract::kUnitBits;
  return static_cast<int32_t>(bits) >> (32 - contract::kScaleBits);
}
// Of the tile of a row's first group.
inline float tile_unit(const word512& scales, int row) {
  const uint32_t bits = lane_u32(scales, row);
  const uint32_t low = bits >> contract::kScaleBits & ((1u << contract::kUnitBits) - 1u);
  const uint32_t high = bits >> (32 - contract::kUnitBits);
  return float_of_bits((high << contract::kUnitBits | low) << contract::kFloatMantissaBits);
}

// The term of one group for row `r` of a tile, held in registers: an integer, shifted as the group's
// activations say.
inline int64_t tile_term(int bits, const word512 (&tile)[contract::kMaxTileWords], const word512& activations,
                         int r) {
#pragma HLS INLINE
  int32_t isum = 0;
  for (int k = 0; k < contract::kGroupElements; ++k) {
#pragma HLS UNROLL
    const int byte = contract::TileIntegerByte(r, k);
    const int nibbles = lane_u8(tile[contract::TileIntegerWord(contract::kU4Bits, k)], byte);
    const int nibble = contract::IsHighNibble(k) ? nibbles >> 4 : nibbles & 15;
    const int integer = lane_i8(tile[contract::TileIntegerWord(contract::kI8Bits, k)], byte);
    const int weight = bits == contract::kU4Bits ? nibble - contract::kU4Centre : integer;
    isum += weight * lane_i8(activations, k);
  }
  const word512 scales = tile[contract::TileIntegerWords(bits)];
  const int64_t term = tile_scale(scales, r) * isum + tile_offset(scales, r) * frame_sum(activations);
  return static_cast<int64_t>(static_cast<uint64_t>(term) << frame_shift(activations));
}

// The word of results of one row: its sums in float32.
inline word512 finish_plain(const int64_t (&sums)[contract::kTileRows],
                            const float (&units)[contract::kTileRows], float scale) {
#pragma HLS INLINE
  word512 word;
  for (int r = 0; r < contract::kTileRows; ++r) {
#pragma HLS UNROLL
    set_lane_f32(word, r, static_cast<float>(sums[r]) * units[r] * scale);
  }
  return word;
}

// `run` tiles of a block, held in registers, from tile number `tile` on: one row tile's groups from `group`
// on, against `rows` rows of the frame, added to sums[row], which group 0 sets. UNROLL (1..kMaxUnroll) tiles
// at a time. Terms are added before they meet the sums: one load and one store of a sum an iteration. The
// frame has UNROLL words more than its rows: what stands there is read and dropped.
template <int UNROLL, int FRAME_WORDS, int MAX_ROWS>
inline void dot_plain(int bits, const word512 (&tiles)[contract::kMaxBlockTiles][contract::kMaxTileWords],
                      int tile, int run, const word512 (&frame)[FRAME_WORDS], int groups, int group, int rows,
                      int64_t (&sums)[MAX_ROWS][contract::kTileRows]) {
  for (int first = 0; first < contract::kMaxBlockTiles && first < run; first += UNROLL) {
#pragma HLS LOOP_FLATTEN off
    const bool fresh = group + first == 0;
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      word512 activations[UNROLL];
#pragma HLS ARRAY_PARTITION variable = activations type = complete
      for (int u = 0; u < UNROLL; ++u) {
#pragma HLS UNROLL
        activations[u] = frame[row * groups + group + first + u];
      }
      for (int i = 0; i < contract::kTileRows; ++i) {
#pragma HLS UNROLL
        int64_t term = 0;
        for (int u = 0; u < UNROLL; ++u) {
#pragma HLS UNROLL
          const int at = first + u < run ? first + u : first;
          const int64_t own = tile_term(bits, tiles[tile + at], activations[u], i);
          term += first + u < run ? own : 0;
        }
        const int64_t before = sums[row][i];
        sums[row][i] = (fresh ? 0 : before) + term;
      }
    }
  }
}

// How a row of activations is quantised.
struct row_scale {
  float scale;       // of its integers
  float reciprocal;  // 0 where the scale is
};
inline row_scale scale_of_row(float largest) {
#pragma HLS INLINE
  row_scale row;
  row.scale = largest < contract::kLeastQuantised ? 0.0f : largest / contract::kLargestQuantised;
  row.reciprocal = row.scale == 0.0f ? 0.0f : 1.0f / row.scale;
  return row;
}
// By how many powers of two a group is finer: as many as keep its largest value below the row's.
inline int group_shift(float group_largest, float row_largest) {
#pragma HLS INLINE
  int shift = 0;
  for (int i = 1; i <= contract::kMaxGroupShift; ++i) {
#pragma HLS UNROLL
    if (group_largest * static_cast<float>(1 << i) <= row_largest) shift = i;
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
  set_lane_f32(word, contract::kFrameScaleLane, scale / static_cast<float>(1 << contract::kMaxGroupShift));
  set_lane_i32(word, contract::kFrameSumLane, sum);
  set_lane_i32(word, contract::kFrameShiftLane, contract::kMaxGroupShift - shift);
  set_lane_u32(word, contract::kFramePairLane, static_cast<uint32_t>(sum) << 16 | centred);
  return word;
}

// One group of activations to a frame's word.
inline word512 quantise_plain(const word512& low, const word512& high, const row_scale& row, int shift) {
#pragma HLS INLINE
  const float factor = row.reciprocal * static_cast<float>(1 << shift);
  int8_t q[contract::kGroupElements];
  int32_t sum = 0;
  for (int i = 0; i < contract::kGroupElements; ++i) {
#pragma HLS UNROLL
    const float x = i < contract::kLanes ? lane_f32(low, i) : lane_f32(high, i - contract::kLanes);
    const float v = round_half_even(x * factor);
    const int32_t n = v != v ? 0 : static_cast<int32_t>(v);  // a NaN has no integer
    q[i] = static_cast<int8_t>(n);
    sum += n;
  }
  return frame_word(q, sum, row.scale, shift);
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

// out[d] += weights[row] * values[row][d], rows ascending.
template <int D>
inline void weigh_rows_plain(const float* weights, const float* values, int stride, int count, float* out) {
  for (int row = 0; row < count; ++row) {
#pragma HLS PIPELINE
    for (int d = 0; d < D; ++d) {
#pragma HLS UNROLL
      out[d] = out[d] + weights[row] * values[row * stride + d];
    }
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

static_assert(contract::kU4BlockTiles *
                          ((int64_t{contract::kLargestScale} * contract::kU4Centre +
                            contract::kLargestOffset) *
                           contract::kGroupElements * static_cast<int>(contract::kLargestQuantised))
                      << contract::kMaxGroupShift <
                  int64_t{1} << 31,
              "the terms of a block's U4 tiles, shifted, fit int32");
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

// What dot_plain computes: `run` tiles from `tiles` on, at most a block's, one row tile's groups, against
// `rows` rows of the frame, `groups` words apart; added to sums[row], which start from 0 if they are `fresh`.
// `first_scales`: the first tile's scales, without a unit. `wide`: what prepare() made of the frame's words,
// or the frame where it has nothing to do.
inline void dot(int bits, const word512* tiles, int run, const word512* first_scales, const word512* frame,
                const word512* wide, int groups, int rows, bool fresh, row_sums* sums) {
#ifdef ST_FAST_VNNI
  if (bits == contract::kU4Bits) {
    avx512::dot<contract::kU4Bits>(tiles, run, first_scales, frame, groups, rows, fresh, sums);
  } else {
    avx512::dot<contract::kI8Bits>(tiles, run, first_scales, frame, groups, rows, fresh, sums);
  }
#else
  if (bits == contract::kU4Bits) {
    avx2::dot<contract::kU4Bits>(tiles, run, first_scales, frame, wide, groups, rows, fresh, sums);
  } else {
    avx2::dot<contract::kI8Bits>(tiles, run, first_scales, frame, wide, groups, rows, fresh, sums);
  }
#endif
}

// Takes the unit out of the scales of a row tile's first group.
inline row_tile_scales split_unit(const word512& scales) { return avx2::split_unit(scales); }

// What finish_plain computes. `scale` is the row's.
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

template <int D>
inline void weigh_rows(const float* weights, const float* values, int stride, int count, float* out) {
#ifdef ST_FAST
  if (D % 8 == 0) {
    avx2::weigh_rows<D>(weights, values, stride, count, out);
    return;
  }
#endif
  weigh_rows_plain<D>(weights, values, stride, count, out);
}

// Replaces count > 0 scores by exp(score - the largest).
inline void exp_scores(float* scores, int count) {
#ifdef ST_FAST
  float most;
  int j = avx2::exp_scores(scores, count, most);
#else
  float most = scores[0];
  for (int i = 0; i < count; ++i) {
#pragma HLS PIPELINE II = 1
    most = scores[i] > most ? scores[i] : most;
  }
  int j = 0;
#endif
  for (; j < count; ++j) {
#pragma HLS PIPELINE II = 1
    scores[j] = exp_approx(scores[j] - most);
  }
}

// Which chunk of a pool will be read next: pages lie scattered, so a host's caches must be told. On the
// card it holds nothing (pointers of two ports can't be chosen between).
class page_hint {
 public:
#ifdef ST_FAST
  explicit page_hint(const word512* chunk) : chunk_(chunk) {}
  void use(int w) const { _mm_prefetch(reinterpret_cast<const char*>(chunk_ + w), _MM_HINT_T0); }

 private:
  const word512* chunk_;
#else
  explicit page_hint(const word512*) {}
  void use(int) const {}
#endif
};

// Reads `rows` rows of D float16 from one page, layer and head; gives them as float32.
template <int MAX_ROWS, int D>
inline void load_page(const word512* chunk, const page_hint& next, int rows, float (&page)[MAX_ROWS * D]) {
  const int words = contract::CeilDiv<int>(rows * D, contract::kFloat16Lanes);
  for (int w = 0; w < words; ++w) {
#pragma HLS PIPELINE II = 1
    next.use(w);
#ifdef ST_FAST
    unpack_f16(chunk[w],
               *reinterpret_cast<float(*)[contract::kFloat16Lanes]>(page + contract::kFloat16Lanes * w));
#else
    float lanes[contract::kFloat16Lanes];
    unpack_f16(chunk[w], lanes);
    for (int i = 0; i < contract::kFloat16Lanes; ++i) {
#pragma HLS UNROLL
      page[contract::kFloat16Lanes * w + i] = lanes[i];
    }
#endif
  }
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
