// SPDX-License-Identifier: Apache-2.0
// The words in which operation lists are written.
#ifndef ST_ISSUE_H
#define ST_ISSUE_H

#include <stdint.h>

#include "contract/issue_cut.h"
#include "contract/tiles.h"
#include "dataflow.h"

namespace st {

// How many rows an operation has: the symbol T (tokens of the step), the symbol W (tokens that want
// logits), or a number known to the compiler.
enum row_symbol { ROWS_T = 0, ROWS_W = 1, ROWS_FIXED = 2 };

// One matrix product on the engine: `rows` rows of groups*kGroupElements activations times
// row_tiles*kTileRows weight rows, and how it is cut over the weight channels (contract::IssueCut).
struct issue {
  int bits;       // kU4Bits or kI8Bits
  int groups;     // K / kGroupElements
  int row_tiles;  // ceil(N / kTileRows)
  row_symbol rows;
  int split;
  int part_groups;
  int rounds;
  int scale_groups;  // groups that share a scale
};

// With the cut for a design of CHANNELS weight channels.
template <int CHANNELS>
constexpr issue cut_issue(int bits, int groups, int row_tiles, row_symbol rows, int scale_groups = 1) {
  const contract::IssueCut cut = contract::CutIssue(CHANNELS, bits, groups, row_tiles, scale_groups);
  return issue{bits,
               groups,
               row_tiles,
               rows,
               static_cast<int>(cut.split),
               static_cast<int>(cut.part_groups),
               static_cast<int>(cut.rounds),
               scale_groups};
}

// Tiles of so many groups.
constexpr int tiles_of(int groups, int scale_groups) {
  return scale_groups == 1 ? groups : scale_groups == 2 ? groups >> 1 : groups >> 2;
}

// How often each issue of a launch runs: CONFIG::issue(i), i = 0.. : the prologue's, then those of a layer,
// then the epilogue's.
template <class CONFIG>
constexpr int issue_kinds() {
  return CONFIG::prologue_issues + CONFIG::layer_issues + CONFIG::epilogue_issues;
}
template <class CONFIG>
constexpr int issue_times(int i) {
  return i >= CONFIG::prologue_issues && i < CONFIG::prologue_issues + CONFIG::layer_issues ? CONFIG::layers
                                                                                            : 1;
}

// The issues of a launch in their order: the number of each of its kind, to be counted up.
template <class CONFIG>
struct issue_order {
  static constexpr int count =
      CONFIG::prologue_issues + CONFIG::layers * CONFIG::layer_issues + CONFIG::epilogue_issues;
  int kind = 0;
  int layer = 0;

  issue_order() { skip_layers(); }
  void advance() {
#pragma HLS INLINE
    const bool ends_layer = kind + 1 == CONFIG::prologue_issues + CONFIG::layer_issues;
    const bool again = ends_layer && layer + 1 < CONFIG::layers;
    layer = ends_layer ? layer + 1 : layer;
    kind = again ? CONFIG::prologue_issues : kind + 1;
    skip_layers();
  }

 private:
  // A launch without layers runs none of their issues.
  void skip_layers() {
#pragma HLS INLINE
    if (CONFIG::layers == 0 && kind == CONFIG::prologue_issues) kind += CONFIG::layer_issues;
  }
};

// The most of what the issues need.
template <class CONFIG>
constexpr int most_parts() {
  int most = 1;
  for (int i = 0; i < issue_kinds<CONFIG>(); ++i) {
    const int parts = 1 << CONFIG::issue(i).split;
    most = parts > most ? parts : most;
  }
  return most;
}
template <class CONFIG>
constexpr int most_part_words() {
  int most = 1;
  for (int i = 0; i < issue_kinds<CONFIG>(); ++i) {
    const int words = CONFIG::issue(i).part_groups * contract::TileIntegerWords(CONFIG::issue(i).bits);
    most = words > most ? words : most;
  }
  return most;
}
template <class CONFIG>
constexpr int most_part_tiles() {
  int most = 1;
  for (int i = 0; i < issue_kinds<CONFIG>(); ++i) {
    const int tiles = tiles_of(CONFIG::issue(i).part_groups, CONFIG::issue(i).scale_groups);
    most = tiles > most ? tiles : most;
  }
  return most;
}
// Words of a weight channel in a launch: each has as many.
template <class CONFIG>
constexpr int64_t channel_words() {
  int64_t words = 0;
  for (int i = 0; i < issue_kinds<CONFIG>(); ++i) {
    const issue op = CONFIG::issue(i);
    words += int64_t{1} * issue_times<CONFIG>(i) * op.rounds *
             contract::RowTileWords(op.bits, op.scale_groups, op.part_groups);
  }
  return words;
}

// A weight channel's FIFO holds BLOCKS * kMaxBlockWords words. The fast host build passes on where a block
// lies instead of its words.
typedef word512 weight_block[contract::kMaxBlockWords];
#ifdef ST_FAST
typedef hls::stream_of_blocks<weight_block> weight_port;
template <int BLOCKS>
struct weight_fifo {
  typedef hls::stream_of_blocks<weight_block, BLOCKS> stream;
};
#else
typedef hls::stream<word512> weight_port;
template <int BLOCKS>
struct weight_fifo {
  typedef hls::stream<word512, BLOCKS * contract::kMaxBlockWords> stream;
};
#endif

// Between activation switch and engine: the quantised rows of one issue after another, rows outer, with room
// for SLOTS frames of WORDS words. The fast host build hands on whole frames, which the engine reads where
// they lie; the card passes single words, so that the engine takes a frame while it is made.
template <int WORDS, int SLOTS>
struct frame_fifo {
#ifdef ST_FAST
  typedef hls::stream_of_blocks<word512[WORDS]> port;
  typedef hls::stream_of_blocks<word512[WORDS], SLOTS> stream;
#else
  typedef hls::stream<word512> port;
  typedef hls::stream<word512, WORDS * SLOTS> stream;
#endif
};

}  // namespace st

#endif
