// SPDX-License-Identifier: Apache-2.0
// Host only: dot() with AVX-512 VNNI. Included by dot.h.
//
// A register holds all 16 rows of a tile's word, 4 k of a row in each 32-bit lane; vpdpbusd multiplies
// unsigned weights by broadcast activations and sums in int32. I8 weights are biased by 128 and the
// sum starts at -128*asum, which takes the bias out again: exact. U4 sums start at the frame's pair, whose
// lower half takes out the centre; with asum in the upper half, vpdpwssd multiplies by (D, M) and adds the
// term.
#ifndef ST_DOT_AVX512_H
#define ST_DOT_AVX512_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "contract/tiles.h"
#include "dot_avx2.h"
#include "word.h"

namespace st {
namespace avx512 {

// Up to so many rows have two chains of vpdpbusd each: one alone leaves the units waiting for it.
constexpr int kTwoChains = 2;

inline __m512i broadcast_four(const word512* activations, int i) {
  int32_t four;
  memcpy(&four, avx2::bytes_of(activations) + 4 * i, sizeof(four));
  return _mm512_set1_epi32(four);
}

inline __m512i broadcast_lane(const word512* activations, int lane) {
  return _mm512_set1_epi32(*avx2::lane_of(activations, lane));
}

inline void load_total(const row_sums& sums, bool fresh, __m512i (&total)[2]) {
  total[0] = fresh ? _mm512_setzero_si512() : _mm512_load_si512(sums.total);
  total[1] = fresh ? _mm512_setzero_si512() : _mm512_load_si512(sums.total + 8);
}

// Adds 16 int32 to two registers of int64.
inline void add_wide(__m512i terms, __m512i (&total)[2]) {
  total[0] = _mm512_add_epi64(total[0], _mm512_cvtepi32_epi64(_mm512_castsi512_si256(terms)));
  total[1] = _mm512_add_epi64(total[1], _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(terms, 1)));
}

template <int ROWS>
inline void dot_rows_u4(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                        const word512* frame, int groups, bool fresh, row_sums* sums) {
  constexpr int WORDS = contract::kU4IntegerWords;
  const __m512i mask = _mm512_set1_epi8(15);
  __m512i part[ROWS];
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; ++row) part[row] = _mm512_setzero_si512();
  const word512* scale_word = first_scales;
  const word512* words = tiles;
  int left = scale_groups;  // of the tile
  for (int group = 0; group < run; ++group) {
    __m512i isum[ROWS];
    __m512i other[ROWS];
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; ++row) {
      isum[row] = broadcast_lane(frame + row * groups + group, contract::kFramePairLane);
      other[row] = _mm512_setzero_si512();
    }
#pragma GCC unroll 8
    for (int i = 0; i < WORDS; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(words + i + contract::BlockWords(contract::kU4Bits)),
                   _MM_HINT_T0);
      const __m512i packed = _mm512_load_si512(words + i);
      const __m512i low = _mm512_and_si512(packed, mask);
      const __m512i high = _mm512_and_si512(_mm512_srli_epi16(packed, 4), mask);
#pragma GCC unroll 8
      for (int row = 0; row < ROWS; ++row) {
        const word512* activations = frame + row * groups + group;
        isum[row] = _mm512_dpbusd_epi32(isum[row], low, broadcast_four(activations, i));
        __m512i& second = ROWS <= kTwoChains ? other[row] : isum[row];
        second = _mm512_dpbusd_epi32(second, high, broadcast_four(activations, 4 + i));
      }
    }
    _mm_prefetch(reinterpret_cast<const char*>(words + WORDS + contract::BlockWords(contract::kU4Bits)),
                 _MM_HINT_T0);
    const __m512i scales = _mm512_load_si512(scale_word);
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; ++row) {
      const word512* activations = frame + row * groups + group;
      const __m512i pair = broadcast_lane(activations, contract::kFramePairLane);
      if (ROWS <= kTwoChains) isum[row] = _mm512_add_epi32(isum[row], other[row]);
      const __m512i both = _mm512_mask_blend_epi16(0x55555555, pair, isum[row]);
      const __m128i shift = _mm_cvtsi32_si128(*avx2::lane_of(activations, contract::kFrameShiftLane));
      part[row] = _mm512_dpwssd_epi32(part[row], both, _mm512_sll_epi16(scales, shift));
    }
    words += WORDS;
    if (--left == 0) {
      words += contract::kTileScaleWords;
      scale_word = words + contract::TileIntegerWords(contract::kU4Bits, scale_groups);
      left = scale_groups;
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; ++row) {
    __m512i total[2];
    load_total(sums[row], fresh, total);
    add_wide(part[row], total);
    _mm512_store_si512(sums[row].total, total[0]);
    _mm512_store_si512(sums[row].total + 8, total[1]);
  }
}

template <int ROWS>
inline void dot_rows_i8(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                        const word512* frame, int groups, bool fresh, row_sums* sums) {
  constexpr int WORDS = contract::kI8IntegerWords;
  const __m512i bias = _mm512_set1_epi8(-128);
  __m512i total[ROWS][2];
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; ++row) load_total(sums[row], fresh, total[row]);
  const word512* scale_word = first_scales;
  const word512* words = tiles;
  int left = scale_groups;  // of the tile
  for (int group = 0; group < run; ++group) {
    __m512i isum[ROWS];
    __m512i other[ROWS];
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; ++row) {
      other[row] = _mm512_setzero_si512();
      const __m512i sum = broadcast_lane(frame + row * groups + group, contract::kFrameSumLane);
      isum[row] = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(sum, 7));
    }
#pragma GCC unroll 8
    for (int i = 0; i < WORDS; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(words + i + contract::BlockWords(contract::kI8Bits)),
                   _MM_HINT_T0);
      const __m512i biased = _mm512_xor_si512(_mm512_load_si512(words + i), bias);
#pragma GCC unroll 8
      for (int row = 0; row < ROWS; ++row) {
        __m512i& chain = ROWS <= kTwoChains && i % 2 == 1 ? other[row] : isum[row];
        chain = _mm512_dpbusd_epi32(chain, biased, broadcast_four(frame + row * groups + group, i));
      }
    }
    _mm_prefetch(reinterpret_cast<const char*>(words + WORDS + contract::BlockWords(contract::kI8Bits)),
                 _MM_HINT_T0);
    const __m512i scales = _mm512_load_si512(scale_word);
    const __m512i d =
        _mm512_srai_epi32(_mm512_slli_epi32(scales, contract::kHalfLaneBits), contract::kHalfLaneBits);
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; ++row) {
      const word512* activations = frame + row * groups + group;
      if (ROWS <= kTwoChains) isum[row] = _mm512_add_epi32(isum[row], other[row]);
      const __m512i sum =
          _mm512_slli_epi32(broadcast_lane(activations, contract::kFrameSumLane), contract::kHalfLaneBits);
      const __m512i term = _mm512_dpwssd_epi32(_mm512_mullo_epi32(isum[row], d), scales, sum);
      const __m128i shift = _mm_cvtsi32_si128(*avx2::lane_of(activations, contract::kFrameShiftLane));
      const __m512i low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(term));
      const __m512i high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(term, 1));
      total[row][0] = _mm512_add_epi64(total[row][0], _mm512_sll_epi64(low, shift));
      total[row][1] = _mm512_add_epi64(total[row][1], _mm512_sll_epi64(high, shift));
    }
    words += WORDS;
    if (--left == 0) {
      words += contract::kTileScaleWords;
      scale_word = words + contract::TileIntegerWords(contract::kI8Bits, scale_groups);
      left = scale_groups;
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; ++row) {
    _mm512_store_si512(sums[row].total, total[row][0]);
    _mm512_store_si512(sums[row].total + 8, total[row][1]);
  }
}

template <int BITS, int ROWS>
inline void dot_rows(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                     const word512* frame, int groups, bool fresh, row_sums* sums) {
  if (BITS == contract::kU4Bits) {
    dot_rows_u4<ROWS>(tiles, run, scale_groups, first_scales, frame, groups, fresh, sums);
  } else {
    dot_rows_i8<ROWS>(tiles, run, scale_groups, first_scales, frame, groups, fresh, sums);
  }
}

inline word512 finish(const row_sums& sums, const row_tile_scales& scales, float scale) {
  const __m256 low = _mm512_cvtepi64_ps(_mm512_load_si512(sums.total));
  const __m256 high = _mm512_cvtepi64_ps(_mm512_load_si512(sums.total + 8));
  const __m512 whole = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
  word512 word;
  _mm512_store_ps(&word,
                  _mm512_mul_ps(_mm512_mul_ps(whole, _mm512_load_ps(scales.units)), _mm512_set1_ps(scale)));
  return word;
}

// As avx2::dot.
template <int BITS, int ROWS = 8>
struct row_blocks {
  static void dot(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                  const word512* frame, int groups, int rows, bool fresh, row_sums* sums) {
    for (; rows >= ROWS; rows -= ROWS) {
      dot_rows<BITS, ROWS>(tiles, run, scale_groups, first_scales, frame, groups, fresh, sums);
      frame += ROWS * groups;
      sums += ROWS;
    }
    row_blocks<BITS, ROWS - 1>::dot(tiles, run, scale_groups, first_scales, frame, groups, rows, fresh, sums);
  }
};
template <int BITS>
struct row_blocks<BITS, 0> {
  static void dot(const word512*, int, int, const word512*, const word512*, int, int, bool, row_sums*) {}
};

template <int BITS>
inline void dot(const word512* tiles, int run, int scale_groups, const word512* first_scales,
                const word512* frame, int groups, int rows, bool fresh, row_sums* sums) {
  row_blocks<BITS>::dot(tiles, run, scale_groups, first_scales, frame, groups, rows, fresh, sums);
}

}  // namespace avx512
}  // namespace st

#endif
