// SPDX-License-Identifier: Apache-2.0
// Outputs of a launch, to memory: rows of `width` floats without gaps ([W][vocabulary] for logits).
// Each sends one done token, for write_status, when the last float is written.
#ifndef ST_STORE_H
#define ST_STORE_H

#include "dataflow.h"
#include "header.h"
#include "rows.h"

namespace st {

// Writes the lanes of word `tile` of a row that lie within it. Unconditionally where all do: so a loop
// bursts.
template <int WIDTH>
inline void store_word(const word512& word, int tile, float* row) {
#pragma HLS INLINE
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    const int column = contract::kLanes * tile + i;
    if (WIDTH % contract::kLanes == 0 || column < WIDTH) row[column] = lane_f32(word, i);
  }
}

// Rows that a launch stores at most.
template <class CONFIG>
constexpr int most_rows() {
  return CONFIG::rows == ROWS_FIXED ? CONFIG::fixed_rows : MAX_STEP_TOKENS;
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
  constexpr int TILES = contract::WordsOf(CONFIG::width);
#ifdef ST_FAST
  for (int tile = 0; tile < TILES; ++tile) {
    for (int row = 0; row < rows; ++row) {
      store_word<CONFIG::width>(in.read(), tile, memory + static_cast<int64_t>(row) * CONFIG::width);
    }
  }
#else
  // As many tiles of all rows as the buffer holds, then each row's part in one burst.
  constexpr int HELD = 1024;
  constexpr int ROWS = most_rows<CONFIG>() < 1 ? 1 : most_rows<CONFIG>();
  constexpr int FIT = ROWS > HELD ? 1 : HELD / ROWS;
  constexpr int BLOCK = FIT < TILES ? FIT : TILES;
  word512 buffer[ROWS * BLOCK];
  for (int first = 0; first < TILES; first += BLOCK) {
#pragma HLS LOOP_FLATTEN off
    const int part = TILES - first < BLOCK ? TILES - first : BLOCK;
    int row = 0;
    int tile = 0;
    for (int i = 0; i < part * rows; ++i) {
#pragma HLS PIPELINE II = 1
      buffer[row * BLOCK + tile] = in.read();
      const bool last = row == rows - 1;
      row = last ? 0 : row + 1;
      tile = last ? tile + 1 : tile;
    }
    for (int r = 0; r < rows; ++r) {
#pragma HLS LOOP_FLATTEN off
      float* const base = memory + static_cast<int64_t>(r) * CONFIG::width;
      for (int i = 0; i < part; ++i) {
#pragma HLS PIPELINE II = 1
        store_word<CONFIG::width>(buffer[r * BLOCK + i], first + i, base);
      }
    }
  }
#endif
  done.write(1);
}

}  // namespace st

#endif
