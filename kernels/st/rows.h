// SPDX-License-Identifier: Apache-2.0
// Rows of float32 on streams of words: an element of N floats is WordsOf(N) words; lanes past N in
// the last word are 0 when written and ignored when read.
#ifndef ST_ROWS_H
#define ST_ROWS_H

#include "dataflow.h"

#ifdef ST_FAST
#include <string.h>
#endif

namespace st {

// N words, one after the other.
template <int N>
inline void read_words(hls::stream<word512>& in, word512 (&words)[N]) {
#ifdef ST_FAST
  in.read_many(words, N);
#else
  for (int i = 0; i < N; ++i) {
#pragma HLS PIPELINE II = 1
    words[i] = in.read();
  }
#endif
}
template <int N>
inline void write_words(const word512 (&words)[N], hls::stream<word512>& out) {
#ifdef ST_FAST
  out.write_many(words, N);
#else
  for (int i = 0; i < N; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(words[i]);
  }
#endif
}

// Reads WordsOf(N) words.
template <int N>
inline void read_row(hls::stream<word512>& in, float (&row)[N]) {
#ifdef ST_FAST
  word512 words[contract::WordsOf(N)];
  read_words(in, words);
  memcpy(row, words, sizeof(row));
#else
  if (N <= contract::kLanes) {
    // No loop of its own: the caller's may be pipelined.
    const word512 word = in.read();
    for (int i = 0; i < N && i < contract::kLanes; ++i) {
#pragma HLS UNROLL
      row[i] = lane_f32(word, i);
    }
    return;
  }
  for (int w = 0; w < N / contract::kLanes; ++w) {
#pragma HLS PIPELINE II = 1
    const word512 word = in.read();
    for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
      row[contract::kLanes * w + i] = lane_f32(word, i);
    }
  }
  if (N % contract::kLanes != 0) {
    const word512 word = in.read();
    for (int i = 0; i < N % contract::kLanes; ++i) {
#pragma HLS UNROLL
      row[N / contract::kLanes * contract::kLanes + i] = lane_f32(word, i);
    }
  }
#endif
}

// Writes WordsOf(N) words.
template <int N>
inline void write_row(const float (&row)[N], hls::stream<word512>& out) {
#ifdef ST_FAST
  word512 words[contract::WordsOf(N)];
  if (N % contract::kLanes != 0) words[N / contract::kLanes] = word512(0);
  memcpy(static_cast<void*>(words), row, sizeof(row));
  write_words(words, out);
#else
  if (N <= contract::kLanes) {
    word512 word(0);
    for (int i = 0; i < N && i < contract::kLanes; ++i) {
#pragma HLS UNROLL
      set_lane_f32(word, i, row[i]);
    }
    out.write(word);
    return;
  }
  for (int w = 0; w < N / contract::kLanes; ++w) {
#pragma HLS PIPELINE II = 1
    word512 word;
    for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
      set_lane_f32(word, i, row[contract::kLanes * w + i]);
    }
    out.write(word);
  }
  if (N % contract::kLanes != 0) {
    word512 word(0);
    for (int i = 0; i < N % contract::kLanes; ++i) {
#pragma HLS UNROLL
      set_lane_f32(word, i, row[N / contract::kLanes * contract::kLanes + i]);
    }
    out.write(word);
  }
#endif
}

}  // namespace st

#endif
