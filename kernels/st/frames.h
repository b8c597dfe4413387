// SPDX-License-Identifier: Apache-2.0
// What the activation switch does with an issue's operand: quantises it into the frame. Called
// by emitted text, one call an issue, in issue order:
//
//   st::fill_frame<18, 16>(norm_rows, header.tokens, frames);
//
// A frame is one word a row and group, rows outer. A row's scale is that of its largest value: it is read
// whole before its first group is quantised. The fast host build fills a frame in place (st::frame_fifo),
// groups ascending. The card writes the words once it has read all rows, a row's groups as the slices take
// them: with parts of PART_GROUPS groups 0, PART_GROUPS, 2*PART_GROUPS, .., 1, PART_GROUPS + 1, ..
#ifndef ST_FRAMES_H
#define ST_FRAMES_H

#include "contract/limits.h"
#include "dataflow.h"
#include "dot.h"
#include "rows.h"

namespace st {

inline uint32_t larger(uint32_t a, uint32_t b) {
#pragma HLS INLINE
  return a > b ? a : b;
}

// The largest magnitude of a word's floats, as bits: 0 where all are NaNs. A tree of integer compares.
inline uint32_t largest_bits(const word512& word) {
#pragma HLS INLINE
  uint32_t most[contract::kLanes];
#pragma HLS ARRAY_PARTITION variable = most type = complete
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    const uint32_t magnitude = lane_u32(word, i) & 0x7fffffffu;
    most[i] = magnitude > 0x7f800000u ? 0 : magnitude;  // leaves a NaN out
  }
  for (int i = 0; i < 8; ++i) {
#pragma HLS UNROLL
    most[i] = larger(most[i], most[i + 8]);
  }
  for (int i = 0; i < 4; ++i) {
#pragma HLS UNROLL
    most[i] = larger(most[i], most[i + 4]);
  }
  most[0] = larger(most[0], most[2]);
  most[1] = larger(most[1], most[3]);
  return larger(most[0], most[1]);
}

#ifdef ST_FAST
// Takes one frame (write lock); reads rows * GROUPS*kGroupWords words, rows outer; hands the frame on.
// rows <= MAX_ROWS.
template <int GROUPS, int MAX_ROWS = contract::kMaxStepTokens, int PART_GROUPS = GROUPS, int FRAME_WORDS>
inline void fill_frame(hls::stream<word512>& in, int rows,
                       hls::stream_of_blocks<word512[FRAME_WORDS]>& frames) {
  hls::write_lock<word512[FRAME_WORDS]> lock(frames);
  word512(&frame)[FRAME_WORDS] = lock;
  // A row at a time: it stays in the cache.
  word512 words[2 * GROUPS];
  float largest[GROUPS];
  for (int row = 0; row < rows; ++row) {
    read_words(in, words);
    float row_largest = 0.0f;
    for (int g = 0; g < GROUPS; ++g) {
      largest[g] = largest_magnitude(words[2 * g], words[2 * g + 1]);
      row_largest = largest[g] > row_largest ? largest[g] : row_largest;
    }
    const row_scale scale = scale_of_row(row_largest);
    for (int g = 0; g < GROUPS; ++g) {
      frame[row * GROUPS + g] =
          quantise_words(words[2 * g], words[2 * g + 1], scale, group_shift(largest[g], row_largest));
    }
  }
}

// The same from words in the engine's order (tiles of 16 columns outer, rows inner): no converter is
// needed in front. Takes one frame; for each group reads `rows` words of its lower 16 columns, then
// `rows` words of its upper 16; hands the frame on. rows <= MAX_ROWS.
template <int GROUPS, int MAX_ROWS, int PART_GROUPS = GROUPS, int FRAME_WORDS>
inline void fill_frame_from_tiles(hls::stream<word512>& in, int rows,
                                  hls::stream_of_blocks<word512[FRAME_WORDS]>& frames) {
  hls::write_lock<word512[FRAME_WORDS]> lock(frames);
  word512(&frame)[FRAME_WORDS] = lock;
  word512 low[GROUPS * MAX_ROWS];
  word512 high[GROUPS * MAX_ROWS];
  float largest[GROUPS * MAX_ROWS];
  float row_largest[MAX_ROWS];
  for (int row = 0; row < rows; ++row) {
    row_largest[row] = 0.0f;
  }
  for (int g = 0; g < GROUPS; ++g) {
    for (int row = 0; row < rows; ++row) {
      low[g * MAX_ROWS + row] = in.read();
    }
    for (int row = 0; row < rows; ++row) {
      const word512 word = in.read();
      const float most = largest_magnitude(low[g * MAX_ROWS + row], word);
      high[g * MAX_ROWS + row] = word;
      largest[g * MAX_ROWS + row] = most;
      row_largest[row] = most > row_largest[row] ? most : row_largest[row];
    }
  }
  for (int row = 0; row < rows; ++row) {
    const row_scale scale = scale_of_row(row_largest[row]);
    for (int g = 0; g < GROUPS; ++g) {
      const int at = g * MAX_ROWS + row;
      frame[row * GROUPS + g] =
          quantise_words(low[at], high[at], scale, group_shift(largest[at], row_largest[row]));
    }
  }
}
#else
// Quantises rows that are on chip: word h of row `row`, group g is words[(2 * g + h) * group_stride + row *
// row_stride], its largest magnitude at the same place of `largest`. One loop over all rows.
template <int GROUPS, int PART_GROUPS, int MAX_ROWS, int WORDS>
inline void quantise_rows(const word512 (&words)[WORDS], const uint32_t (&largest)[WORDS],
                          const uint32_t (&row_largest)[MAX_ROWS], const row_scale (&scales)[MAX_ROWS],
                          int group_stride, int row_stride, int rows, hls::stream<word512>& frames) {
#pragma HLS INLINE
  int row = 0;
  int first = 0;  // in the first part, where the others' groups belong to
  int group = 0;
  for (int n = 0; n < rows * GROUPS; ++n) {
#pragma HLS PIPELINE II = 1
    const int at = 2 * group * group_stride + row * row_stride;
    const uint32_t low = largest[at];
    const uint32_t high = largest[at + group_stride];
    const float most = float_of_bits(larger(low, high));
    frames.write(quantise_words(words[at], words[at + group_stride], scales[row],
                                group_shift(most, float_of_bits(row_largest[row]))));
    const bool ends_parts = group + PART_GROUPS >= GROUPS;
    const bool ends_row = ends_parts && first + 1 == PART_GROUPS;
    first = ends_row ? 0 : ends_parts ? first + 1 : first;
    group = ends_parts ? first : group + PART_GROUPS;
    row = ends_row ? row + 1 : row;
  }
}

template <int GROUPS, int MAX_ROWS = contract::kMaxStepTokens, int PART_GROUPS = GROUPS>
inline void fill_frame(hls::stream<word512>& in, int rows, hls::stream<word512>& frames) {
  constexpr int WORDS = contract::kGroupWords * GROUPS;  // of a row
  word512 words[MAX_ROWS * WORDS];
  uint32_t largest[MAX_ROWS * WORDS];
  uint32_t row_largest[MAX_ROWS];
  row_scale scales[MAX_ROWS];
  // The largest so far, of every other word: a comparison may take two cycles.
  uint32_t newer = 0;
  uint32_t older = 0;
  int row = 0;
  int place = 0;
  for (int n = 0; n < rows * WORDS; ++n) {
#pragma HLS PIPELINE II = 1
    const word512 word = in.read();
    const uint32_t most = largest_bits(word);
    words[n] = word;
    largest[n] = most;
    const uint32_t next = larger(most, older);
    const uint32_t so_far = place < 2 ? most : next;
    older = newer;
    newer = so_far;
    const uint32_t of_row = place == 0 ? so_far : larger(so_far, older);
    const bool last = place == WORDS - 1;
    if (last) {
      row_largest[row] = of_row;
      scales[row] = scale_of_row(float_of_bits(of_row));
    }
    place = last ? 0 : place + 1;
    row = last ? row + 1 : row;
  }
  quantise_rows<GROUPS, PART_GROUPS, MAX_ROWS>(words, largest, row_largest, scales, 1, WORDS, rows, frames);
}

template <int GROUPS, int MAX_ROWS, int PART_GROUPS = GROUPS>
inline void fill_frame_from_tiles(hls::stream<word512>& in, int rows, hls::stream<word512>& frames) {
  constexpr int WORDS = contract::kGroupWords * GROUPS;  // of a row
  word512 words[MAX_ROWS * WORDS];
  uint32_t largest[MAX_ROWS * WORDS];
  uint32_t row_largest[MAX_ROWS];
#pragma HLS ARRAY_PARTITION variable = row_largest type = complete
  for (int i = 0; i < MAX_ROWS; ++i) {
#pragma HLS UNROLL
    row_largest[i] = 0;
  }
  row_scale scales[MAX_ROWS];
  int row = 0;
  for (int n = 0; n < rows * WORDS; ++n) {
#pragma HLS PIPELINE II = 1
    const word512 word = in.read();
    const uint32_t most = largest_bits(word);
    words[n] = word;
    largest[n] = most;
    const uint32_t so_far = larger(most, row_largest[row]);
    row_largest[row] = so_far;
    if (n >= rows * (WORDS - 1)) scales[row] = scale_of_row(float_of_bits(so_far));
    row = row == rows - 1 ? 0 : row + 1;
  }
  quantise_rows<GROUPS, PART_GROUPS, MAX_ROWS>(words, largest, row_largest, scales, rows, 1, rows, frames);
}
#endif

}  // namespace st

#endif
