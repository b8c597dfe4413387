// SPDX-License-Identifier: Apache-2.0
// What the activation switch does with an issue's operand: quantises it into the frame. Called
// by emitted text, one call an issue, in issue order:
//
//   st::fill_frame<18>(norm_rows, header.tokens, frames);
//
// A frame is word512[step_tokens * max_groups]; row t, group g stands at [t*GROUPS + g]. A row's scale is
// that of its largest value: it is read whole before its first group is quantised.
#ifndef ST_FRAMES_H
#define ST_FRAMES_H

#include "dataflow.h"
#include "dot.h"

namespace st {

// Takes one frame (write lock); reads rows * GROUPS*kGroupWords words, rows outer; hands the frame on.
template <int GROUPS, int FRAME_WORDS>
inline void fill_frame(hls::stream<word512>& in, int rows,
                       hls::stream_of_blocks<word512[FRAME_WORDS]>& frames) {
  hls::write_lock<word512[FRAME_WORDS]> lock(frames);
  word512(&frame)[FRAME_WORDS] = lock;
  word512 low[GROUPS];
  word512 high[GROUPS];
  float largest[GROUPS];
  for (int row = 0; row < rows; ++row) {
#pragma HLS LOOP_FLATTEN off
    float row_largest = 0.0f;
    for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 2
      low[g] = in.read();
      high[g] = in.read();
      largest[g] = largest_magnitude(low[g], high[g]);
      row_largest = largest[g] > row_largest ? largest[g] : row_largest;
    }
    const row_scale scale = scale_of_row(row_largest);
    for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
      frame[row * GROUPS + g] = quantise_words(low[g], high[g], scale, group_shift(largest[g], row_largest));
    }
  }
}

// The same from words in the engine's order (tiles of 16 columns outer, rows inner): no converter is
// needed in front. Takes one frame; for each group reads `rows` words of its lower 16 columns, then
// `rows` words of its upper 16; hands the frame on. rows <= MAX_ROWS.
template <int GROUPS, int MAX_ROWS, int FRAME_WORDS>
inline void fill_frame_from_tiles(hls::stream<word512>& in, int rows,
                                  hls::stream_of_blocks<word512[FRAME_WORDS]>& frames) {
  hls::write_lock<word512[FRAME_WORDS]> lock(frames);
  word512(&frame)[FRAME_WORDS] = lock;
  word512 low[GROUPS * MAX_ROWS];
  word512 high[GROUPS * MAX_ROWS];
  float largest[GROUPS * MAX_ROWS];
  float row_largest[MAX_ROWS];
  for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
    row_largest[row] = 0.0f;
  }
  for (int g = 0; g < GROUPS; ++g) {
#pragma HLS LOOP_FLATTEN off
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      low[g * MAX_ROWS + row] = in.read();
    }
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      const word512 word = in.read();
      const float most = largest_magnitude(low[g * MAX_ROWS + row], word);
      high[g * MAX_ROWS + row] = word;
      largest[g * MAX_ROWS + row] = most;
      row_largest[row] = most > row_largest[row] ? most : row_largest[row];
    }
  }
  for (int row = 0; row < rows; ++row) {
#pragma HLS LOOP_FLATTEN off
    const row_scale scale = scale_of_row(row_largest[row]);
    for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
      const int at = g * MAX_ROWS + row;
      frame[row * GROUPS + g] =
          quantise_words(low[at], high[at], scale, group_shift(largest[at], row_largest[row]));
    }
  }
}

}  // namespace st

#endif
