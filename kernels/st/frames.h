// SPDX-License-Identifier: Apache-2.0
// What the activation switch does with an issue's operand: quantises it into the frame. Called
// by emitted text, one call an issue, in issue order:
//
//   st::fill_frame<18>(norm_rows, header.tokens, frames);
//
// A frame is word512[step_tokens * max_groups]; row t, group g stands at [t*GROUPS + g].
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
  for (int row = 0; row < rows; ++row) {
#pragma HLS LOOP_FLATTEN off
    for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 2
      const word512 low = in.read();
      const word512 high = in.read();
      frame[row * GROUPS + g] = quantise_words(low, high);
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
  word512 low[MAX_ROWS];
  for (int g = 0; g < GROUPS; ++g) {
#pragma HLS LOOP_FLATTEN off
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      low[row] = in.read();
    }
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      frame[row * GROUPS + g] = quantise_words(low[row], in.read());
    }
  }
}

}  // namespace st

#endif
