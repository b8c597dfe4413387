// SPDX-License-Identifier: Apache-2.0
// What the result switch does with an issue's words (row tiles outer, rows inner): called by emitted
// text, in issue order. An issue of several weights side by side (q, k, v) is routed by one call each.
#ifndef ST_ROUTE_H
#define ST_ROUTE_H

#include "dataflow.h"
#include "fork.h"

namespace st {

// The next `row_tiles` row tiles to one consumer: reads and writes row_tiles*rows words, one by one.
inline void route(hls::stream<word512>& results, int row_tiles, int rows, hls::stream<word512>& out) {
  copy_words(results, row_tiles * rows, out);
}

// Row tiles of two weights that alternate (gate, up): `row_tiles` counts those of ONE weight. For each:
// rows words to `a`, then rows words to `b`.
inline void route_alternating(hls::stream<word512>& results, int row_tiles, int rows, hls::stream<word512>& a,
                              hls::stream<word512>& b) {
#ifdef ST_FAST
  for (int r = 0; r < row_tiles; ++r) {
    copy_words(results, rows, a);
    copy_words(results, rows, b);
  }
#else
  int row = 0;
  bool second = false;
  for (int i = 0; i < 2 * row_tiles * rows; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
    const word512 word = results.read();
    if (second) {
      b.write(word);
    } else {
      a.write(word);
    }
    const bool last = row == rows - 1;
    row = last ? 0 : row + 1;
    second = last ? !second : second;
  }
#endif
}

}  // namespace st

#endif
