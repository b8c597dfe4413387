// SPDX-License-Identifier: Apache-2.0
// Host only: dot() and its kin in AVX2 and F16C. Included by dot.h.
//
// A register holds 8 rows of a tile, 4 k of a row in each 32-bit lane; activations are broadcast four k
// at a time. Nibbles stay unsigned: vpmaddubsw with an activation can't saturate, and 16 products (one group:
// 16*15*127 = 30480) fit int16. Weights of I8 tiles are widened to int16, as widen() has done it with the
// activations, for vpmaddwd and sums in int32. vpmaddwd then multiplies by the scale D, and (D, M) by the
// frame's pair: what the nibbles' centre takes, and the offset.
//
// Sums are integers. Of a run of U4 tiles they fit int32; row_sums::total has them in 64 bits: for each half
// of the rows the even ones, then the odd ones, as vpmuldq widens them.
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
inline const int32_t* lane_of(const word512* activations, int lane) {
  return reinterpret_cast<const int32_t*>(activations) + lane;
}
// A lane of a frame's word, in every lane.
inline __m256i broadcast_lane(const word512* activations, int lane) {
  return _mm256_castps_si256(_mm256_broadcast_ss(reinterpret_cast<const float*>(activations) + lane));
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

// Adds 8 int32, times the low half of each 64 bits of `factor`, to the totals of half a row tile.
inline void add_wide(__m256i terms, __m256i factor, int64_t* total) {
  __m256i* to = reinterpret_cast<__m256i*>(total);
  const __m256i even = _mm256_mul_epi32(terms, factor);
  const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(terms, 32), factor);
  _mm256_store_si256(to, _mm256_add_epi64(_mm256_load_si256(to), even));
  _mm256_store_si256(to + 1, _mm256_add_epi64(_mm256_load_si256(to + 1), odd));
}

// By stores of the size that the loads after them have.
template <int COUNT, class T>
inline void set_zero(T* values) {
  for (size_t i = 0; i < COUNT * sizeof(T) / sizeof(__m256i); ++i) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(values) + i, _mm256_setzero_si256());
  }
}

// frame and wide (the frame's words widened, for I8) point at the first group of row 0. `fresh`: sums start
// from 0.
template <int BITS, int ROWS>
inline void dot_rows(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                     const word512* frame, const word512* wide, int groups, bool fresh, row_sums* sums) {
  constexpr int WORDS = contract::TileIntegerWords(BITS);
  const __m256i one = _mm256_set1_epi32(1);
#pragma GCC unroll 4
  for (int row = 0; row < ROWS; ++row) {
    if (BITS == contract::kU4Bits) set_zero<contract::kTileRows>(sums[row].part);
    if (fresh) set_zero<contract::kTileRows>(sums[row].total);
  }
  const word512* scale_word = first_scales;
  const word512* words = tiles;
  int left = scale_groups;  // of the tile
  for (int group = 0; group < run; ++group) {
    const word512* operand = (BITS == contract::kU4Bits ? frame : wide) + group;
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
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const __m256i scales = load_half(scale_word, half);
      const __m256i upper = _mm256_slli_epi32(scales, contract::kHalfLaneBits);
      // D in both halves of a lane, for the two sums of products that U4 tiles leave there; for I8 in all of
      // it.
      const __m256i d = BITS == contract::kU4Bits ? _mm256_blend_epi16(scales, upper, 0xaa)
                                                  : _mm256_srai_epi32(upper, contract::kHalfLaneBits);
#pragma GCC unroll 4
      for (int row = 0; row < ROWS; ++row) {
        const word512* activations = frame + row * groups + group;
        if (BITS == contract::kU4Bits) {
          const __m256i pair = broadcast_lane(activations, contract::kFramePairLane);
          const __m256i shift = broadcast_lane(activations, contract::kFrameShiftLane);
          const __m256i term =
              _mm256_add_epi32(_mm256_madd_epi16(isum[row][half], d), _mm256_madd_epi16(scales, pair));
          __m256i* part = reinterpret_cast<__m256i*>(sums[row].part + 8 * half);
          _mm256_store_si256(part, _mm256_add_epi32(_mm256_load_si256(part), _mm256_sllv_epi32(term, shift)));
        } else {
          const __m256i sum = broadcast_lane(activations, contract::kFrameSumLane);
          const __m256i offset = _mm256_madd_epi16(scales, _mm256_slli_epi32(sum, contract::kHalfLaneBits));
          const __m256i term = _mm256_add_epi32(_mm256_mullo_epi32(isum[row][half], d), offset);
          const __m256i shift = broadcast_lane(activations, contract::kFrameShiftLane);
          add_wide(term, _mm256_sllv_epi32(one, shift), sums[row].total + 8 * half);
        }
      }
    }
    words += WORDS;
    if (--left == 0) {
      words += contract::kTileScaleWords;
      scale_word = words + contract::TileIntegerWords(BITS, scale_groups);
      left = scale_groups;
    }
  }
  if (BITS == contract::kU4Bits) {
#pragma GCC unroll 4
    for (int row = 0; row < ROWS; ++row) {
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const __m256i* part = reinterpret_cast<const __m256i*>(sums[row].part + 8 * half);
        add_wide(_mm256_load_si256(part), one, sums[row].total + 8 * half);
      }
    }
  }
}

inline row_tile_scales split_unit(const word512& word) {
  row_tile_scales result;
  __m256i* scales = reinterpret_cast<__m256i*>(&result.scales);
  for (int half = 0; half < 2; ++half) {
    const __m256i given = load_half(&word, half);
    const __m256i low = _mm256_and_si256(_mm256_srli_epi32(given, contract::kScaleBits),
                                         _mm256_set1_epi32((1 << contract::kUnitBits) - 1));
    const __m256i high = _mm256_srli_epi32(given, 32 - contract::kUnitBits);
    const __m256i exponent = _mm256_or_si256(low, _mm256_slli_epi32(high, contract::kUnitBits));
    _mm256_store_si256(reinterpret_cast<__m256i*>(result.units + 8 * half),
                       _mm256_slli_epi32(exponent, contract::kFloatMantissaBits));
    _mm256_store_si256(scales + half,
                       _mm256_srai_epi16(_mm256_slli_epi16(given, contract::kUnitBits), contract::kUnitBits));
  }
  return result;
}

// float32 of four int64 below 2^51 in magnitude, rounded once.
inline __m128 float_of_wide(__m256i wide) {
  const __m256d magic = _mm256_set1_pd(6755399441055744.0);  // 1.5 * 2^52
  const __m256i biased = _mm256_add_epi64(wide, _mm256_castpd_si256(magic));
  return _mm256_cvtpd_ps(_mm256_sub_pd(_mm256_castsi256_pd(biased), magic));
}

inline word512 finish(const row_sums& sums, const row_tile_scales& scales, float scale) {
  word512 word;
  float* to = reinterpret_cast<float*>(&word);
  for (int half = 0; half < 2; ++half) {
    const __m256i* from = reinterpret_cast<const __m256i*>(sums.total + 8 * half);
    const __m128 even = float_of_wide(_mm256_load_si256(from));
    const __m128 odd = float_of_wide(_mm256_load_si256(from + 1));
    const __m256 whole = _mm256_set_m128(_mm_unpackhi_ps(even, odd), _mm_unpacklo_ps(even, odd));
    _mm256_store_ps(
        to + 8 * half,
        _mm256_mul_ps(_mm256_mul_ps(whole, _mm256_load_ps(scales.units + 8 * half)), _mm256_set1_ps(scale)));
  }
  return word;
}

// All rows, up to ROWS at a time: what fits the registers. More of them unpack the weights again, from the L1
// cache; that costs no more than keeping them unpacked. One row by itself costs more than its share of four,
// so five are three and two.
template <int BITS, int ROWS = 4>
struct row_blocks {
  static void dot(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                  const word512* frame, const word512* wide, int groups, int rows, bool fresh,
                  row_sums* sums) {
    while (rows >= ROWS && rows != ROWS + 1) {
      dot_rows<BITS, ROWS>(tiles, run, scale_groups, first_scales, frame, wide, groups, fresh, sums);
      frame += ROWS * groups;
      wide += ROWS * groups;
      sums += ROWS;
      rows -= ROWS;
    }
    row_blocks<BITS, ROWS - 1>::dot(tiles, run, scale_groups, first_scales, frame, wide, groups, rows, fresh,
                                    sums);
  }
};
template <int BITS>
struct row_blocks<BITS, 1> {
  static void dot(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                  const word512* frame, const word512* wide, int groups, int rows, bool fresh,
                  row_sums* sums) {
    for (; rows > 0; --rows, ++sums, frame += groups, wide += groups) {
      dot_rows<BITS, 1>(tiles, run, scale_groups, first_scales, frame, wide, groups, fresh, sums);
    }
  }
};

template <int BITS>
inline void dot(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                const word512* frame, const word512* wide, int groups, int rows, bool fresh, row_sums* sums) {
  row_blocks<BITS>::dot(tiles, run, scale_groups, first_scales, frame, wide, groups, rows, fresh, sums);
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

inline float largest_magnitude(const word512& low, const word512& high) {
  const float* const halves[2] = {reinterpret_cast<const float*>(&low),
                                  reinterpret_cast<const float*>(&high)};
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 most = _mm256_setzero_ps();
  for (int i = 0; i < 4; ++i) {
    // The operand order leaves a NaN out.
    most = _mm256_max_ps(_mm256_and_ps(_mm256_load_ps(halves[i / 2] + i % 2 * 8), magnitude), most);
  }
  return largest_of(most);
}

// One group of activations, its 32 floats in two words, to a frame's word: the integers of x * factor.
inline word512 quantise(const word512& low, const word512& high, float factor, float scale, int shift) {
  const float* const halves[2] = {reinterpret_cast<const float*>(&low),
                                  reinterpret_cast<const float*>(&high)};
  __m256i q[4];
  for (int i = 0; i < 4; ++i) {
    __m256 v = _mm256_mul_ps(_mm256_load_ps(halves[i / 2] + i % 2 * 8), _mm256_set1_ps(factor));
    v = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q));
    q[i] = _mm256_cvtps_epi32(v);
  }
  const __m256i eight = _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]), _mm256_add_epi32(q[2], q[3]));
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  four = _mm_add_epi32(four, _mm_srli_si128(four, 8));
  four = _mm_add_epi32(four, _mm_srli_si128(four, 4));
  const int32_t sum = _mm_cvtsi128_si32(four);
  const __m256i mixed = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
  const __m256i bytes = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  word512 word;
  __m256i* to = reinterpret_cast<__m256i*>(&word);
  _mm256_store_si256(to, bytes);
  const uint32_t centred = static_cast<uint32_t>(-contract::kU4Centre * sum) & 0xffffu;
  const uint32_t pair = static_cast<uint32_t>(sum) << contract::kHalfLaneBits | centred;
  int32_t scale_bits;
  memcpy(&scale_bits, &scale, sizeof(scale_bits));
  const __m128i rest = _mm_setr_epi32(scale_bits, sum, shift, static_cast<int32_t>(pair));
  _mm256_store_si256(to + 1, _mm256_zextsi128_si256(rest));
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

}  // namespace avx2
}  // namespace st

#endif
