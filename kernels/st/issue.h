// SPDX-License-Identifier: Apache-2.0
// The words in which operation lists are written, and how an issue's weights are cut into blocks.
#ifndef ST_ISSUE_H
#define ST_ISSUE_H

#include <stdint.h>

#include "dataflow.h"

namespace st {

// How many rows an operation has: the symbol T (tokens of the step), the symbol W (tokens that want
// logits), or a number known to the compiler.
enum row_symbol { ROWS_T = 0, ROWS_W = 1, ROWS_FIXED = 2 };

// One matrix product on the engine: `rows` rows of groups*32 activations times row_tiles*16 weight rows.
struct issue {
  int bits;       // 4: U4 tiles, 8: I8 tiles
  int groups;     // K / 32
  int row_tiles;  // ceil(N / 16)
  row_symbol rows;
};

constexpr int BLOCK_WORDS = 32;
// What a weights channel carries. U4 issues use 30 of its words, I8 issues 27.
typedef word512 weight_block[BLOCK_WORDS];

constexpr int tile_words(int bits) { return bits == 4 ? 5 : 9; }
constexpr int MAX_BLOCK_TILES = 6;
constexpr int tiles_per_block(int bits) { return bits == 4 ? MAX_BLOCK_TILES : 3; }
// Words of one block, in memory and of the stream's block that are used.
constexpr int block_words(int bits) { return tile_words(bits) * tiles_per_block(bits); }
constexpr int issue_blocks(int bits, int groups, int row_tiles) {
  return (groups * row_tiles + tiles_per_block(bits) - 1) / tiles_per_block(bits);
}

}  // namespace st

#endif
