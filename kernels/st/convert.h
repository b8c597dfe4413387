// SPDX-License-Identifier: Apache-2.0
// Layout converters between the engine's order (row tiles outer, rows inner; a word is 16 columns of
// one row) and rows (rows outer). TILES = ceil(columns / 16), so both sides have the same words. Each
// reads all of its rows*TILES words before it writes the first: any FIFO in front of it drains.
#ifndef ST_CONVERT_H
#define ST_CONVERT_H

#include "dataflow.h"
#include "rows.h"

namespace st {

// Reads for tile { for row }, writes for row { for tile }. rows <= MAX_ROWS.
template <int TILES, int MAX_ROWS>
inline void tiles_to_rows(hls::stream<word512>& in, int rows, hls::stream<word512>& out) {
  word512 buffer[MAX_ROWS][TILES];
  for (int tile = 0; tile < TILES; ++tile) {
#pragma HLS LOOP_FLATTEN off
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      buffer[row][tile] = in.read();
    }
  }
  for (int row = 0; row < rows; ++row) {
#pragma HLS LOOP_FLATTEN off
    write_words(buffer[row], out);
  }
}

// Reads for row { for tile }, writes for tile { for row }. rows <= MAX_ROWS.
template <int TILES, int MAX_ROWS>
inline void rows_to_tiles(hls::stream<word512>& in, int rows, hls::stream<word512>& out) {
  word512 buffer[MAX_ROWS][TILES];
  for (int row = 0; row < rows; ++row) {
#pragma HLS LOOP_FLATTEN off
    read_words(in, buffer[row]);
  }
  for (int tile = 0; tile < TILES; ++tile) {
#pragma HLS LOOP_FLATTEN off
    for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
      out.write(buffer[row][tile]);
    }
  }
}

}  // namespace st

#endif
