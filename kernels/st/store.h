// SPDX-License-Identifier: Apache-2.0
// Outputs of a launch, to memory: rows of `width` floats without gaps ([W][vocabulary] for logits).
// Each sends one done token, for write_status, when the last float is written.
#ifndef ST_STORE_H
#define ST_STORE_H

#include "dataflow.h"
#include "header.h"
#include "rows.h"

namespace st {

// Writes the lanes of `word` that lie within the row.
template <int WIDTH>
inline void store_word(const word512& word, int tile, float* row) {
#pragma HLS INLINE
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    const int column = contract::kLanes * tile + i;
    if (column < WIDTH) row[column] = lane_f32(word, i);
  }
}

// Process. CONFIG: width, rows (row_symbol), fixed_rows. Reads the header; reads
// rows*WordsOf(width) words, rows outer; writes one done token.
template <class CONFIG>
void store_rows(hls::stream<header_word>& headers, hls::stream<word512>& in, float* memory,
                hls::stream<done_token>& done) {
  step_header header;
  read_header(headers, header);
  const int rows = count_rows(CONFIG::rows, CONFIG::fixed_rows, header);
  for (int row = 0; row < rows; ++row) {
#pragma HLS LOOP_FLATTEN off
    for (int tile = 0; tile < contract::WordsOf(CONFIG::width); ++tile) {
#pragma HLS PIPELINE II = 1
      store_word<CONFIG::width>(in.read(), tile, memory + static_cast<int64_t>(row) * CONFIG::width);
    }
  }
  done.write(1);
}

// Process. As store_rows, for words in the engine's order: row tiles outer, rows inner.
template <class CONFIG>
void store_tiles(hls::stream<header_word>& headers, hls::stream<word512>& in, float* memory,
                 hls::stream<done_token>& done) {
  step_header header;
  read_header(headers, header);
  const int rows = count_rows(CONFIG::rows, CONFIG::fixed_rows, header);
  for (int tile = 0; tile < contract::WordsOf(CONFIG::width); ++tile) {
#pragma HLS LOOP_FLATTEN off
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      store_word<CONFIG::width>(in.read(), tile, memory + static_cast<int64_t>(row) * CONFIG::width);
    }
  }
  done.write(1);
}

}  // namespace st

#endif
