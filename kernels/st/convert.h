// SPDX-License-Identifier: Apache-2.0
// Layout converters between the engine's order (row tiles outer, rows inner; a word is 16 columns of
// one row) and rows (rows outer). TILES = ceil(columns / 16), so both sides have the same words. Each
// reads all of its rows*TILES words before it writes the first: any FIFO in front of it drains. The words of
// a single row are in order: each is passed on as it comes.
#ifndef ST_CONVERT_H
#define ST_CONVERT_H

#include "dataflow.h"
#include "fork.h"
#include "rows.h"

namespace st {

// Reads for tile { for row }, writes for row { for tile }. rows <= MAX_ROWS.
template <int TILES, int MAX_ROWS>
inline void tiles_to_rows(hls::stream<word512>& in, int rows, hls::stream<word512>& out) {
  if (rows == 1) {
    copy_words(in, TILES, out);
    return;
  }
  word512 buffer[MAX_ROWS * TILES];
  int tile = 0;
  int row = 0;
  for (int i = 0; i < rows * TILES; ++i) {
#pragma HLS PIPELINE II = 1
    buffer[row * TILES + tile] = in.read();
    const bool last = row == rows - 1;
    row = last ? 0 : row + 1;
    tile = last ? tile + 1 : tile;
  }
#ifdef ST_FAST
  if (rows > 0) out.write_many(buffer, static_cast<uint32_t>(rows * TILES));
#else
  for (int i = 0; i < rows * TILES; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(buffer[i]);
  }
#endif
}

// Reads for row { for tile }, writes for tile { for row }. rows <= MAX_ROWS.
template <int TILES, int MAX_ROWS>
inline void rows_to_tiles(hls::stream<word512>& in, int rows, hls::stream<word512>& out) {
  if (rows == 1) {
    copy_words(in, TILES, out);
    return;
  }
  word512 buffer[MAX_ROWS * TILES];
#ifdef ST_FAST
  if (rows > 0) in.read_many(buffer, static_cast<uint32_t>(rows * TILES));
#else
  for (int i = 0; i < rows * TILES; ++i) {
#pragma HLS PIPELINE II = 1
    buffer[i] = in.read();
  }
#endif
  int tile = 0;
  int row = 0;
  for (int i = 0; i < rows * TILES; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(buffer[row * TILES + tile]);
    const bool last = row == rows - 1;
    row = last ? 0 : row + 1;
    tile = last ? tile + 1 : tile;
  }
}

}  // namespace st

#endif
