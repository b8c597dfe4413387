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
#include "math.h"

namespace st {

// One group of 32: the frame's word (32 x int8, float32 scale at byte 32, int32 sum at byte 36).
inline word512 quantise(const float (&x)[32]) {
#pragma HLS INLINE
  float amax = 0.0f;
  for (int i = 0; i < 32; ++i) {
#pragma HLS UNROLL
    const float magnitude = float_of_bits(bits_of_float(x[i]) & 0x7fffffffu);
    amax = magnitude > amax ? magnitude : amax;
  }
  const float scale = amax / 127.0f;
  // A scale of 0 (amax 0, or so small that amax/127 is flushed) would divide 0 by 0.
  const float divisor = scale == 0.0f ? 1.0f : scale;
  int8_t q[32];
  int32_t sum = 0;
  for (int i = 0; i < 32; ++i) {
#pragma HLS UNROLL
    float v = round_half_even(x[i] / divisor);
    v = v < -127.0f ? -127.0f : v;
    v = v > 127.0f ? 127.0f : v;
    v = scale == 0.0f ? 0.0f : v;
    const int32_t n = static_cast<int32_t>(v);
    q[i] = static_cast<int8_t>(n);
    sum += n;
  }
  word512 word(0);
  for (int i = 0; i < 32; ++i) {
#pragma HLS UNROLL
    set_lane_i8(word, i, q[i]);
  }
  set_lane_f32(word, 8, scale);
  set_lane_i32(word, 9, sum);
  return word;
}

inline word512 quantise_words(const word512& low, const word512& high) {
#pragma HLS INLINE
  float x[32];
  for (int i = 0; i < 16; ++i) {
#pragma HLS UNROLL
    x[i] = lane_f32(low, i);
    x[16 + i] = lane_f32(high, i);
  }
  return quantise(x);
}

// Takes one frame (write lock); reads rows * 2*GROUPS words, rows outer; hands the frame on.
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
