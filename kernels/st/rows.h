// SPDX-License-Identifier: Apache-2.0
// Rows of float32 on streams of words: an element of N floats is words_of(N) words; lanes past N in
// the last word are 0 when written and ignored when read.
#ifndef ST_ROWS_H
#define ST_ROWS_H

#include "dataflow.h"

namespace st {

constexpr int words_of(int floats) { return (floats + 15) / 16; }

// Reads words_of(N) words.
template <int N>
inline void read_row(hls::stream<word512>& in, float (&row)[N]) {
  for (int w = 0; w < N / 16; ++w) {
#pragma HLS PIPELINE II = 1
    const word512 word = in.read();
    for (int i = 0; i < 16; ++i) {
#pragma HLS UNROLL
      row[16 * w + i] = lane_f32(word, i);
    }
  }
  if (N % 16 != 0) {
    const word512 word = in.read();
    for (int i = 0; i < N % 16; ++i) {
#pragma HLS UNROLL
      row[N / 16 * 16 + i] = lane_f32(word, i);
    }
  }
}

// Writes words_of(N) words.
template <int N>
inline void write_row(const float (&row)[N], hls::stream<word512>& out) {
  for (int w = 0; w < N / 16; ++w) {
#pragma HLS PIPELINE II = 1
    word512 word;
    for (int i = 0; i < 16; ++i) {
#pragma HLS UNROLL
      set_lane_f32(word, i, row[16 * w + i]);
    }
    out.write(word);
  }
  if (N % 16 != 0) {
    word512 word(0);
    for (int i = 0; i < N % 16; ++i) {
#pragma HLS UNROLL
      set_lane_f32(word, i, row[N / 16 * 16 + i]);
    }
    out.write(word);
  }
}

}  // namespace st

#endif
