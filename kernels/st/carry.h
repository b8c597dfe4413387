// SPDX-License-Identifier: Apache-2.0
// The residual's way through the layers: the loop-carried value of the step function.
#ifndef ST_CARRY_H
#define ST_CARRY_H

#include "dataflow.h"
#include "fork.h"
#include "header.h"

namespace st {

// Process. CONFIG: layers (>= 1), words (of one row), rows (row_symbol), fixed_rows (for ROWS_FIXED).
// With n = rows*words: reads the header; moves n words from `initial` to `body`; layers-1 times n words
// from `back` to `body`; n words from `back` to `last`. Word by word.
template <class CONFIG>
void carry(hls::stream<header_word>& headers, hls::stream<word512>& initial, hls::stream<word512>& back,
           hls::stream<word512>& body, hls::stream<word512>& last) {
  step_header header;
  read_header(headers, header);
  const int words = CONFIG::words * count_rows(CONFIG::rows, CONFIG::fixed_rows, header);
  copy_words(initial, words, body);
  for (int layer = 1; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    copy_words(back, words, body);
  }
  copy_words(back, words, last);
}

}  // namespace st

#endif
