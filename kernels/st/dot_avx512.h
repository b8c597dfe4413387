// SPDX-License-Identifier: Apache-2.0
// Host only: dot() with AVX-512 VNNI. Included by dot.h.
//
// A register holds all 16 rows of a tile's word, 4 k of a row in each 32-bit lane; vpdpbusd multiplies
// unsigned weights by broadcast activations and sums in int32. I8 weights are biased by 128 and the
// sum starts at -128*asum, which takes the bias out again: exact.
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

inline __m512i broadcast_four(const word512* activations, int i) {
  int32_t four;
  memcpy(&four, avx2::bytes_of(activations) + 4 * i, sizeof(four));
  return _mm512_set1_epi32(four);
}

inline __m512 load_scales(const word512* word, int half) {
  return _mm512_cvtph_ps(
      _mm256_load_si256(reinterpret_cast<const __m256i*>(avx2::bytes_of(word) + 32 * half)));
}

template <int BITS, int ROWS>
inline void dot_rows(const word512* tiles, int run, const word512* frame, int groups,
                     float (*sums)[contract::kTileRows]) {
  constexpr int WORDS = contract::TileIntegerWords(BITS);
  const __m512i mask = _mm512_set1_epi8(15);
  const __m512i bias = _mm512_set1_epi8(-128);
  __m512 total[ROWS];
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; ++row) total[row] = _mm512_load_ps(sums[row]);
  for (int tile = 0; tile < run; ++tile) {
    const word512* words = tiles + tile * contract::TileWords(BITS);
    __m512i isum[ROWS];
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; ++row) {
      isum[row] = BITS == contract::kU4Bits
                      ? _mm512_setzero_si512()
                      : _mm512_set1_epi32(-128 * avx2::sum_of(frame + row * groups + tile));
    }
#pragma GCC unroll 8
    for (int i = 0; i < WORDS; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(words + i + contract::BlockWords(BITS)), _MM_HINT_T0);
      const __m512i packed = _mm512_load_si512(words + i);
      if (BITS == contract::kU4Bits) {
        const __m512i low = _mm512_and_si512(packed, mask);
        const __m512i high = _mm512_and_si512(_mm512_srli_epi16(packed, 4), mask);
#pragma GCC unroll 8
        for (int row = 0; row < ROWS; ++row) {
          const word512* activations = frame + row * groups + tile;
          isum[row] = _mm512_dpbusd_epi32(isum[row], low, broadcast_four(activations, i));
          isum[row] = _mm512_dpbusd_epi32(isum[row], high, broadcast_four(activations, 4 + i));
        }
      } else {
        const __m512i biased = _mm512_xor_si512(packed, bias);
#pragma GCC unroll 8
        for (int row = 0; row < ROWS; ++row) {
          isum[row] = _mm512_dpbusd_epi32(isum[row], biased, broadcast_four(frame + row * groups + tile, i));
        }
      }
    }
    _mm_prefetch(reinterpret_cast<const char*>(words + WORDS + contract::BlockWords(BITS)), _MM_HINT_T0);
    const __m512 d = load_scales(words + WORDS, 0);
    const __m512 m = load_scales(words + WORDS, 1);
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; ++row) {
      const word512* activations = frame + row * groups + tile;
      const __m512 asum = _mm512_cvtepi32_ps(_mm512_set1_epi32(avx2::sum_of(activations)));
      const __m512 offset = _mm512_mul_ps(m, asum);
      const __m512 term = _mm512_add_ps(_mm512_mul_ps(d, _mm512_cvtepi32_ps(isum[row])), offset);
      total[row] =
          _mm512_add_ps(total[row], _mm512_mul_ps(_mm512_set1_ps(avx2::scale_of(activations)), term));
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; ++row) _mm512_store_ps(sums[row], total[row]);
}

// As avx2::dot.
template <int BITS, int ROWS = 8>
struct row_blocks {
  static void dot(const word512* tiles, int run, const word512* frame, int groups, int rows,
                  float (*sums)[contract::kTileRows]) {
    for (; rows >= ROWS; rows -= ROWS) {
      dot_rows<BITS, ROWS>(tiles, run, frame, groups, sums);
      frame += ROWS * groups;
      sums += ROWS;
    }
    row_blocks<BITS, ROWS - 1>::dot(tiles, run, frame, groups, rows, sums);
  }
};
template <int BITS>
struct row_blocks<BITS, 0> {
  static void dot(const word512*, int, const word512*, int, int, float (*)[contract::kTileRows]) {}
};

template <int BITS>
inline void dot(const word512* tiles, int run, const word512* frame, int groups, int rows,
                float (*sums)[contract::kTileRows]) {
  row_blocks<BITS>::dot(tiles, run, frame, groups, rows, sums);
}

}  // namespace avx512
}  // namespace st

#endif
