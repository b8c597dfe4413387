// SPDX-License-Identifier: Apache-2.0
// Host only: dot() and its kin in AVX2 and F16C. Included by dot.h.
//
// A register holds 8 rows of a tile, 4 k of a row in each 32-bit lane; activations are broadcast four k
// at a time. Nibbles stay unsigned: vpmaddubsw with an activation can't saturate, and 16 products (one group:
// 16*15*127 = 30480) fit int16. Weights of I8 tiles are widened to int16, as widen() has done it with the
// activations, for vpmaddwd and sums in int32.
// g++ delays sums and spills what it delayed; pin() makes it add now.
#ifndef ST_DOT_AVX2_H
#define ST_DOT_AVX2_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "contract/numerics.h"
#include "contract/tiles.h"
#include "word.h"

namespace st {
namespace avx2 {

inline void pin(__m256i& sum) { asm volatile("" : "+x"(sum)); }

inline const unsigned char* bytes_of(const word512* word) {
  return reinterpret_cast<const unsigned char*>(word);
}
inline __m256i load_half(const word512* word, int half) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes_of(word) + 32 * half));
}
// Activations 4*i .. 4*i+3 of a frame's word, in every lane.
inline __m256i broadcast_four(const word512* activations, int i) {
  int32_t four;
  memcpy(&four, bytes_of(activations) + 4 * i, sizeof(four));
  return _mm256_set1_epi32(four);
}
// 8 of a scale word's float16: number 8*eighth on.
inline __m256 load_scales(const word512* word, int eighth) {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes_of(word) + 16 * eighth)));
}
inline float scale_of(const word512* activations) {
  float scale;
  memcpy(&scale, bytes_of(activations) + contract::kFrameScaleLane * contract::kLaneBytes, sizeof(scale));
  return scale;
}
inline int32_t sum_of(const word512* activations) {
  int32_t sum;
  memcpy(&sum, bytes_of(activations) + contract::kFrameSumLane * contract::kLaneBytes, sizeof(sum));
  return sum;
}

// A word of weights in two parts, by halves of 8 rows. U4: the nibbles k = 4i.. of it and k = 16+4i..; I8: as
// int16, the even and the odd k.
template <int BITS>
inline void unpack(const word512* tile, int word, __m256i (&first)[2], __m256i (&second)[2]) {
  const __m256i mask = _mm256_set1_epi8(15);
  for (int half = 0; half < 2; ++half) {
    const __m256i packed = load_half(tile + word, half);
    if (BITS == contract::kU4Bits) {
      first[half] = _mm256_and_si256(packed, mask);
      second[half] = _mm256_and_si256(_mm256_srli_epi16(packed, 4), mask);
    } else {
      first[half] = _mm256_srai_epi16(_mm256_slli_epi16(packed, 8), 8);
      second[half] = _mm256_srai_epi16(packed, 8);
    }
  }
}

// The 32 int8 of a frame's word as int16: lane 2i of 32 bits has k = 4i and 4i+2, lane 2i+1 k = 4i+1 and
// 4i+3.
inline word512 widen(const word512& activations) {
  const __m256i packed = load_half(&activations, 0);
  const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(packed, 8), 8);
  const __m256i odd = _mm256_srai_epi16(packed, 8);
  const __m256i low = _mm256_unpacklo_epi32(even, odd);
  const __m256i high = _mm256_unpackhi_epi32(even, odd);
  word512 wide;
  __m256i* to = reinterpret_cast<__m256i*>(&wide);
  _mm256_store_si256(to, _mm256_permute2x128_si256(low, high, 0x20));
  _mm256_store_si256(to + 1, _mm256_permute2x128_si256(low, high, 0x31));
  return wide;
}

// Adds one group's term: sums += scale * (d * float(isum) + offset).
inline __m256 add_term(__m256 sums, __m256i isum, __m256 d, __m256 offset, __m256 scale) {
  const __m256 term = _mm256_add_ps(_mm256_mul_ps(d, _mm256_cvtepi32_ps(isum)), offset);
  return _mm256_add_ps(sums, _mm256_mul_ps(scale, term));
}

// frame and wide (the frame's words widened, for I8) point at group `group` of row 0.
template <int BITS, int ROWS>
inline void dot_rows(const word512* tiles, int run, const word512* frame, const word512* wide, int groups,
                     float (*sums)[contract::kTileRows]) {
  constexpr int WORDS = contract::TileIntegerWords(BITS);
  const __m256i ones = _mm256_set1_epi16(1);
  for (int tile = 0; tile < run; ++tile) {
    const word512* words = tiles + tile * contract::TileWords(BITS);
    const word512* operand = (BITS == contract::kU4Bits ? frame : wide) + tile;
    __m256i isum[ROWS][2];
#pragma GCC unroll 8
    for (int i = 0; i < WORDS; ++i) {
      // The same place of this channel's next block: about 2 KB on.
      _mm_prefetch(reinterpret_cast<const char*>(words + i + contract::BlockWords(BITS)), _MM_HINT_T0);
      __m256i first[2];
      __m256i second[2];
      unpack<BITS>(words, i, first, second);
#pragma GCC unroll 4
      for (int row = 0; row < ROWS; ++row) {
        const __m256i a = broadcast_four(operand + row * groups, BITS == contract::kU4Bits ? i : 2 * i);
        const __m256i b =
            broadcast_four(operand + row * groups, BITS == contract::kU4Bits ? 4 + i : 2 * i + 1);
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
          __m256i& sum = isum[row][half];
          if (BITS == contract::kU4Bits) {
            const __m256i product = _mm256_maddubs_epi16(first[half], a);
            sum = i == 0 ? product : _mm256_add_epi16(sum, product);
            pin(sum);
            sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(second[half], b));
          } else {
            const __m256i product = _mm256_madd_epi16(first[half], a);
            sum = i == 0 ? product : _mm256_add_epi32(sum, product);
            pin(sum);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(second[half], b));
          }
          pin(sum);
        }
      }
    }
    _mm_prefetch(reinterpret_cast<const char*>(words + WORDS + contract::BlockWords(BITS)), _MM_HINT_T0);
    for (int half = 0; half < 2; ++half) {
      const __m256 d = load_scales(words + WORDS, half);
      const __m256 m = load_scales(words + WORDS, 2 + half);
#pragma GCC unroll 4
      for (int row = 0; row < ROWS; ++row) {
        const word512* activations = frame + row * groups + tile;
        const __m256 scale = _mm256_set1_ps(scale_of(activations));
        const __m256 asum = _mm256_cvtepi32_ps(_mm256_set1_epi32(sum_of(activations)));
        const __m256i whole =
            BITS == contract::kU4Bits ? _mm256_madd_epi16(isum[row][half], ones) : isum[row][half];
        float* to = sums[row] + 8 * half;
        _mm256_store_ps(to, add_term(_mm256_load_ps(to), whole, d, _mm256_mul_ps(m, asum), scale));
      }
    }
  }
}

// All rows, up to ROWS at a time: what fits the registers. More of them unpack the weights again, from the L1
// cache; that costs no more than keeping them unpacked. One row by itself costs more than its share of four,
// so five are three and two.
template <int BITS, int ROWS = 4>
struct row_blocks {
  static void dot(const word512* tiles, int run, const word512* frame, const word512* wide, int groups,
                  int rows, float (*sums)[contract::kTileRows]) {
    while (rows >= ROWS && rows != ROWS + 1) {
      dot_rows<BITS, ROWS>(tiles, run, frame, wide, groups, sums);
      frame += ROWS * groups;
      wide += ROWS * groups;
      sums += ROWS;
      rows -= ROWS;
    }
    row_blocks<BITS, ROWS - 1>::dot(tiles, run, frame, wide, groups, rows, sums);
  }
};
template <int BITS>
struct row_blocks<BITS, 1> {
  static void dot(const word512* tiles, int run, const word512* frame, const word512* wide, int groups,
                  int rows, float (*sums)[contract::kTileRows]) {
    for (; rows > 0; --rows, ++sums, frame += groups, wide += groups) {
      dot_rows<BITS, 1>(tiles, run, frame, wide, groups, sums);
    }
  }
};

template <int BITS>
inline void dot(const word512* tiles, int run, const word512* frame, const word512* wide, int groups,
                int rows, float (*sums)[contract::kTileRows]) {
  row_blocks<BITS>::dot(tiles, run, frame, wide, groups, rows, sums);
}

// The first step of sum_tree for one row: p[j] + p[j+8], lanes 0..7.
template <int D>
inline __m256 fold_row(const float* query, const float* key) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
#pragma GCC unroll 8
  for (int i = 0; i < D; i += 16) {
    low = _mm256_add_ps(low, _mm256_mul_ps(_mm256_loadu_ps(query + i), _mm256_loadu_ps(key + i)));
    high = _mm256_add_ps(high, _mm256_mul_ps(_mm256_loadu_ps(query + i + 8), _mm256_loadu_ps(key + i + 8)));
  }
  return _mm256_add_ps(low, high);
}

// Eight rows at a time, their trees side by side. D a multiple of 16.
template <int D>
inline void score_rows(const float* query, const float* keys, int stride, int count, float scale,
                       float* scores) {
  const __m256 factor = _mm256_set1_ps(scale);
  for (int row = 0; row < count; row += 8) {
    __m256 four[4];  // rows i and i+4: [i: j + (j+4) | i+4: j + (j+4)], j = 0..3
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      // Rows past the end repeat the last one; they are not stored.
      const int first = row + i < count ? row + i : count - 1;
      const int second = row + i + 4 < count ? row + i + 4 : count - 1;
      const __m256 a = fold_row<D>(query, keys + first * stride);
      const __m256 b = fold_row<D>(query, keys + second * stride);
      four[i] = _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
    }
    __m256 two[2];  // rows (0,1) and (2,3): [j + (j+2)], j = 0..1
    for (int i = 0; i < 2; ++i) {
      const __m256 a = four[2 * i];
      const __m256 b = four[2 * i + 1];
      two[i] = _mm256_add_ps(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0)),
                             _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2)));
    }
    const __m256 sums = _mm256_add_ps(_mm256_shuffle_ps(two[0], two[1], _MM_SHUFFLE(2, 0, 2, 0)),
                                      _mm256_shuffle_ps(two[0], two[1], _MM_SHUFFLE(3, 1, 3, 1)));
    const __m256 scaled = _mm256_mul_ps(factor, sums);
    if (row + 8 <= count) {
      _mm256_storeu_ps(scores + row, scaled);
    } else {
      alignas(32) float last[8];
      _mm256_store_ps(last, scaled);
      for (int i = 0; row + i < count; ++i) scores[row + i] = last[i];
    }
  }
}

inline float largest_of(__m256 v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  m = _mm_max_ss(m, _mm_movehdup_ps(m));
  return _mm_cvtss_f32(m);
}

// One group of activations, its 32 floats in two words: st::quantise.
inline word512 quantise(const word512& low, const word512& high) {
  const float* const halves[2] = {reinterpret_cast<const float*>(&low),
                                  reinterpret_cast<const float*>(&high)};
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 x[4];
  __m256 most = _mm256_setzero_ps();
  for (int i = 0; i < 4; ++i) {
    x[i] = _mm256_load_ps(halves[i / 2] + i % 2 * 8);
    // The operand order leaves a NaN out.
    most = _mm256_max_ps(_mm256_and_ps(x[i], magnitude), most);
  }
  const float scale = largest_of(most) / contract::kLargestQuantised;
  const __m256 divisor = _mm256_set1_ps(scale == 0.0f ? 1.0f : scale);
  const __m256 magic = _mm256_set1_ps(contract::kRoundShift);
  __m256i q[4];
  for (int i = 0; i < 4; ++i) {
    __m256 v = _mm256_sub_ps(_mm256_add_ps(_mm256_div_ps(x[i], divisor), magic), magic);
    v = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q));
    v = _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(-contract::kLargestQuantised)),
                      _mm256_set1_ps(contract::kLargestQuantised));
    q[i] = _mm256_cvttps_epi32(v);
  }
  const __m256i eight = _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]), _mm256_add_epi32(q[2], q[3]));
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  sum = _mm_add_epi32(sum, _mm_srli_si128(sum, 8));
  sum = _mm_add_epi32(sum, _mm_srli_si128(sum, 4));
  const __m256i mixed = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
  const __m256i bytes = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  word512 word;
  __m256i* to = reinterpret_cast<__m256i*>(&word);
  _mm256_store_si256(to, bytes);
  // Scale, sum, zeros.
  _mm256_store_si256(to + 1,
                     _mm256_zextsi128_si256(_mm_unpacklo_epi32(_mm_castps_si128(_mm_set_ss(scale)),
                                                               _mm_cvtsi32_si128(_mm_cvtsi128_si32(sum)))));
  return word;
}

// exp_approx of eight.
inline __m256 exp_approx(__m256 x) {
  const __m256 low = _mm256_set1_ps(contract::kExpLeast);
  const __m256 high = _mm256_set1_ps(contract::kExpMost);
  x = _mm256_blendv_ps(x, low, _mm256_cmp_ps(x, low, _CMP_LT_OQ));
  x = _mm256_blendv_ps(x, high, _mm256_cmp_ps(x, high, _CMP_GT_OQ));
  const __m256 magic = _mm256_set1_ps(contract::kRoundShift);
  const __m256 t = _mm256_mul_ps(x, _mm256_set1_ps(contract::kLog2OfE));
  const __m256 n = _mm256_sub_ps(_mm256_add_ps(t, magic), magic);
  const __m256 r = _mm256_sub_ps(_mm256_sub_ps(x, _mm256_mul_ps(n, _mm256_set1_ps(contract::kLn2High))),
                                 _mm256_mul_ps(n, _mm256_set1_ps(contract::kLn2Low)));
  __m256 p = _mm256_set1_ps(contract::kExpCoefficients[0]);
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(contract::kExpCoefficients[1]));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(contract::kExpCoefficients[2]));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(contract::kExpCoefficients[3]));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(contract::kExpCoefficients[4]));
  p = _mm256_add_ps(_mm256_mul_ps(p, r), _mm256_set1_ps(contract::kExpCoefficients[5]));
  const __m256 y =
      _mm256_add_ps(_mm256_add_ps(_mm256_mul_ps(p, _mm256_mul_ps(r, r)), r), _mm256_set1_ps(1.0f));
  const __m256i power = _mm256_slli_epi32(
      _mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(contract::kFloatExponentBias)),
      contract::kFloatMantissaBits);
  return _mm256_mul_ps(y, _mm256_castsi256_ps(power));
}

// Finds the largest of count > 0 scores; replaces the first count / 8 * 8 by exp(score - largest) and
// returns how many those are.
inline int exp_scores(float* scores, int count, float& most) {
  const int whole = count / 8 * 8;
  most = scores[0];
  if (whole > 0) {
    __m256 largest = _mm256_loadu_ps(scores);
    for (int j = 8; j < whole; j += 8) largest = _mm256_max_ps(_mm256_loadu_ps(scores + j), largest);
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, largest);
    for (int i = 0; i < 8; ++i) most = lanes[i] > most ? lanes[i] : most;
  }
  for (int j = whole; j < count; ++j) most = scores[j] > most ? scores[j] : most;
  const __m256 offset = _mm256_set1_ps(most);
  for (int j = 0; j < whole; j += 8) {
    _mm256_storeu_ps(scores + j, exp_approx(_mm256_sub_ps(_mm256_loadu_ps(scores + j), offset)));
  }
  return whole;
}

// WIDTH floats of every row, a multiple of 8 up to 64, summed in registers.
template <int WIDTH>
inline void weigh_columns(const float* weights, const float* values, int stride, int count, float* out) {
  __m256 sums[WIDTH / 8];
#pragma GCC unroll 8
  for (int i = 0; i < WIDTH / 8; ++i) sums[i] = _mm256_loadu_ps(out + 8 * i);
  for (int row = 0; row < count; ++row) {
    const __m256 weight = _mm256_set1_ps(weights[row]);
#pragma GCC unroll 8
    for (int i = 0; i < WIDTH / 8; ++i) {
      sums[i] = _mm256_add_ps(sums[i], _mm256_mul_ps(weight, _mm256_loadu_ps(values + row * stride + 8 * i)));
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < WIDTH / 8; ++i) _mm256_storeu_ps(out + 8 * i, sums[i]);
}

// D a multiple of 8.
template <int D>
inline void weigh_rows(const float* weights, const float* values, int stride, int count, float* out) {
  int d = 0;
  for (; d + 64 <= D; d += 64) weigh_columns<64>(weights, values + d, stride, count, out + d);
  for (; d + 8 <= D; d += 8) weigh_columns<8>(weights, values + d, stride, count, out + d);
}

}  // namespace avx2
}  // namespace st

#endif
