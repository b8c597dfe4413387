// SPDX-License-Identifier: Apache-2.0
// Input rows of a general module, from memory.
#ifndef ST_LOAD_H
#define ST_LOAD_H

#include "dataflow.h"
#include "header.h"
#include "rows.h"

namespace st {

// Process. CONFIG: width (floats a row), rows (row_symbol), fixed_rows. Memory holds rows of `width`
// floats without gaps. Reads the header; writes rows*WordsOf(width) words, row by row.
template <class CONFIG>
void load_rows(hls::stream<header_word>& headers, const float* memory, hls::stream<word512>& out) {
  step_header header;
  read_header(headers, header);
  const int rows = count_rows(CONFIG::rows, CONFIG::fixed_rows, header);
  int64_t at = 0;
  for (int row = 0; row < rows; ++row) {
#pragma HLS LOOP_FLATTEN off
    for (int w = 0; w < contract::WordsOf(CONFIG::width); ++w) {
#pragma HLS PIPELINE II = 1
      word512 word(0);
      for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
        const int column = contract::kLanes * w + i;
        if (column < CONFIG::width) set_lane_f32(word, i, memory[at + column]);
      }
      out.write(word);
    }
    at += CONFIG::width;
  }
}

}  // namespace st

#endif
