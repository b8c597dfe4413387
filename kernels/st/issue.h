// SPDX-License-Identifier: Apache-2.0
// The words in which operation lists are written.
#ifndef ST_ISSUE_H
#define ST_ISSUE_H

#include <stdint.h>

#include "contract/tiles.h"
#include "dataflow.h"

namespace st {

// How many rows an operation has: the symbol T (tokens of the step), the symbol W (tokens that want
// logits), or a number known to the compiler.
enum row_symbol { ROWS_T = 0, ROWS_W = 1, ROWS_FIXED = 2 };

// One matrix product on the engine: `rows` rows of groups*kGroupElements activations times
// row_tiles*kTileRows weight rows.
struct issue {
  int bits;       // kU4Bits or kI8Bits
  int groups;     // K / kGroupElements
  int row_tiles;  // ceil(N / kTileRows)
  row_symbol rows;
};

// What a weights channel carries; an issue uses the first contract::BlockWords(bits) words of each.
typedef word512 weight_block[contract::kMaxBlockWords];

}  // namespace st

#endif
