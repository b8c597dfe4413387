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

// A frame's word (contract/tiles.h): the group's int8, their float32 scale, their int32 sum.
inline float frame_scale(const word512& word) { return lane_f32(word, contract::kFrameScaleLane); }
inline int32_t frame_sum(const word512& word) { return lane_i32(word, contract::kFrameSumLane); }

// One tile, held in registers: adds its group's term to the sums of one row.
inline void dot_tile_plain(int bits, const word512 (&tile)[contract::kMaxTileWords],
                           const word512& activations, float (&sums)[contract::kTileRows]) {
#pragma HLS INLINE
  const word512 scales = tile[contract::TileIntegerWords(bits)];
  const float scale = frame_scale(activations);
  const float asum = static_cast<float>(frame_sum(activations));
  for (int r = 0; r < contract::kTileRows; ++r) {
#pragma HLS UNROLL
    int32_t isum = 0;
    for (int k = 0; k < contract::kGroupElements; ++k) {
#pragma HLS UNROLL
      const int byte = contract::TileIntegerByte(r, k);
      const int nibbles = lane_u8(tile[contract::TileIntegerWord(contract::kU4Bits, k)], byte);
      const int nibble = contract::IsHighNibble(k) ? nibbles >> 4 : nibbles & 15;
      const int integer = lane_i8(tile[contract::TileIntegerWord(contract::kI8Bits, k)], byte);
      const int weight = bits == contract::kU4Bits ? nibble : integer;
      isum += weight * lane_i8(activations, k);
    }
    const float d = lane_f16(scales, r);
    const float m = lane_f16(scales, contract::kTileRows + r);
    // Weights without a minimum have m = 0: the term's sign is then lost in the sum, which never is -0.
    sums[r] = sums[r] + scale * (d * static_cast<float>(isum) + m * asum);
  }
}

// `run` tiles of a block, held in registers, from tile number `tile` on: one row tile's groups from `group`
// on, against `rows` rows of the frame, added to sums[row]. UNROLL (1..kMaxUnroll) tiles at a time: each
// row's sums take their terms in order.
template <int UNROLL, int FRAME_WORDS, int MAX_ROWS>
inline void dot_plain(int bits, const word512 (&tiles)[contract::kMaxBlockTiles][contract::kMaxTileWords],
                      int tile, int run, const word512 (&frame)[FRAME_WORDS], int groups, int group, int rows,
                      float (&sums)[MAX_ROWS][contract::kTileRows]) {
  for (int first = 0; first < contract::kMaxBlockTiles && first < run; first += UNROLL) {
#pragma HLS LOOP_FLATTEN off
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      for (int u = 0; u < UNROLL; ++u) {
#pragma HLS UNROLL
        if (first + u < run) {
          dot_tile_plain(bits, tiles[tile + first + u], frame[row * groups + group + first + u], sums[row]);
        }
      }
    }
  }
}

// One group of activations to a frame's word.
inline word512 quantise_plain(const float (&x)[contract::kGroupElements]) {
#pragma HLS INLINE
  float amax = 0.0f;
  for (int i = 0; i < contract::kGroupElements; ++i) {
#pragma HLS UNROLL
    const float magnitude = float_of_bits(bits_of_float(x[i]) & 0x7fffffffu);
    amax = magnitude > amax ? magnitude : amax;
  }
  const float scale = amax / contract::kLargestQuantised;
  // A scale of 0 (amax 0, or so small that amax/127 is flushed) would divide 0 by 0; such x round to 0.
  const float divisor = scale == 0.0f ? 1.0f : scale;
  int8_t q[contract::kGroupElements];
  int32_t sum = 0;
  for (int i = 0; i < contract::kGroupElements; ++i) {
#pragma HLS UNROLL
    float v = round_half_even(x[i] / divisor);
    v = v != v ? 0.0f : v;  // a NaN has no integer
    v = v < -contract::kLargestQuantised ? -contract::kLargestQuantised : v;
    v = v > contract::kLargestQuantised ? contract::kLargestQuantised : v;
    const int32_t n = static_cast<int32_t>(v);
    q[i] = static_cast<int8_t>(n);
    sum += n;
  }
  word512 word(0);
  for (int i = 0; i < contract::kGroupElements; ++i) {
#pragma HLS UNROLL
    set_lane_i8(word, i, q[i]);
  }
  set_lane_f32(word, contract::kFrameScaleLane, scale);
  set_lane_i32(word, contract::kFrameSumLane, sum);
  return word;
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
#include "dot_avx2.h"
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512F__)
#define ST_FAST_VNNI 1
#include "dot_avx512.h"
#endif
#endif

namespace st {

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

// What dot_plain computes: `run` tiles from `tiles` on, one row tile's groups, against `rows` rows of the
// frame, `groups` words apart; added to sums[row], which lie on 64-byte borders. `wide`: what prepare() made
// of the frame's words, or the frame where it has nothing to do.
inline void dot(int bits, const word512* tiles, int run, const word512* frame, const word512* wide,
                int groups, int rows, float (*sums)[contract::kTileRows]) {
#ifdef ST_FAST_VNNI
  if (bits == contract::kU4Bits) {
    avx512::dot<contract::kU4Bits>(tiles, run, frame, groups, rows, sums);
  } else {
    avx512::dot<contract::kI8Bits>(tiles, run, frame, groups, rows, sums);
  }
#else
  if (bits == contract::kU4Bits) {
    avx2::dot<contract::kU4Bits>(tiles, run, frame, wide, groups, rows, sums);
  } else {
    avx2::dot<contract::kI8Bits>(tiles, run, frame, wide, groups, rows, sums);
  }
#endif
}
#endif

// One group of activations, its floats in two words.
inline word512 quantise_words(const word512& low, const word512& high) {
#pragma HLS INLINE
#ifdef ST_FAST
  return avx2::quantise(low, high);
#else
  float x[contract::kGroupElements];
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    x[i] = lane_f32(low, i);
    x[contract::kLanes + i] = lane_f32(high, i);
  }
  return quantise_plain(x);
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
