// SPDX-License-Identifier: Apache-2.0
// The activation switch: quantises the operand of each issue into the issue's frame, in issue order. Called
// by emitted text:
//
//   constexpr st::frame_source activation_switch_frames[] = {{0, 18, 9, st::ROWS_T, false}, ...};  //
//   namespace scope struct activation_switch_config {
//     static constexpr int step_tokens = 16;   // bound of T and W; of fixed_rows too
//     static constexpr int max_groups = 48;    // the most groups of any frame
//     static constexpr int layers = 30;
//     static constexpr int fixed_rows = 0;     // rows of ROWS_FIXED frames
//     static constexpr int prologue_issues = 0, layer_issues = 4, epilogue_issues = 1;
//     static constexpr st::frame_source frame(int i) { return activation_switch_frames[i]; }
//   };
//   st::fill_frames<activation_switch_config>(header, frames, norm_rows, heads, ...);
//
// A frame is one word a row and group, rows outer. A row's scale is that of its largest value: it is read
// whole before its first group is quantised. The fast host build fills a frame in place (st::frame_fifo),
// groups ascending. The card writes the words once it has read all rows, a row's groups as the slices take
// them: with parts of p groups 0, p, 2p, .., 1, p + 1, .. One loop reads and one quantises for all frames.
#ifndef ST_FRAMES_H
#define ST_FRAMES_H

#include "contract/limits.h"
#include "dataflow.h"
#include "dot.h"
#include "header.h"
#include "issue.h"

namespace st {

inline uint32_t larger(uint32_t a, uint32_t b) {
#pragma HLS INLINE
  return a > b ? a : b;
}

// The largest magnitude of a word's floats, as bits: 0 where all are NaNs. A tree of integer compares.
inline uint32_t largest_bits(const word512& word) {
#pragma HLS INLINE
  uint32_t most[contract::kLanes];
#pragma HLS ARRAY_PARTITION variable = most type = complete
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    const uint32_t magnitude = lane_u32(word, i) & 0x7fffffffu;
    most[i] = magnitude > 0x7f800000u ? 0 : magnitude;  // leaves a NaN out
  }
  for (int i = 0; i < 8; ++i) {
#pragma HLS UNROLL
    most[i] = larger(most[i], most[i + 8]);
  }
  for (int i = 0; i < 4; ++i) {
#pragma HLS UNROLL
    most[i] = larger(most[i], most[i + 4]);
  }
  most[0] = larger(most[0], most[2]);
  most[1] = larger(most[1], most[3]);
  return larger(most[0], most[1]);
}

// Where a frame's rows come from.
struct frame_source {
  int source;       // number of the stream among the switch's
  int groups;       // of a row
  int part_groups;  // of them in a part of the issue
  row_symbol rows;
  bool from_tiles;  // words in the engine's order: tiles of 16 columns outer, rows inner
};

#ifdef ST_FAST
// The stream with this number, of which there must be one.
inline hls::stream<word512>& source_of(int source, hls::stream<word512>& last) {
  if (source != 0) __builtin_trap();
  return last;
}
template <class... REST>
inline hls::stream<word512>& source_of(int source, hls::stream<word512>& first, REST&... rest) {
  return source == 0 ? first : source_of(source - 1, rest...);
}

// A row at a time: it stays in the cache.
template <int MAX_GROUPS>
inline void quantise_rows(hls::stream<word512>& in, int groups, int rows, word512* frame) {
  word512 words[contract::kGroupWords * MAX_GROUPS];
  float largest[MAX_GROUPS];
  for (int row = 0; row < rows; ++row) {
    in.read_many(words, static_cast<uint32_t>(contract::kGroupWords * groups));
    float row_largest = 0.0f;
    for (int g = 0; g < groups; ++g) {
      largest[g] = largest_magnitude(words[2 * g], words[2 * g + 1]);
      row_largest = largest[g] > row_largest ? largest[g] : row_largest;
    }
    const row_scale scale = scale_of_row(row_largest);
    for (int g = 0; g < groups; ++g) {
      frame[row * groups + g] =
          quantise_words(words[2 * g], words[2 * g + 1], scale, group_shift(largest[g], row_largest));
    }
  }
}

// The same from tiles.
template <int MAX_GROUPS, int MAX_ROWS>
inline void quantise_tiles(hls::stream<word512>& in, int groups, int rows, word512* frame) {
  word512 low[MAX_GROUPS * MAX_ROWS];
  word512 high[MAX_GROUPS * MAX_ROWS];
  float largest[MAX_GROUPS * MAX_ROWS];
  float row_largest[MAX_ROWS];
  for (int row = 0; row < rows; ++row) row_largest[row] = 0.0f;
  for (int g = 0; g < groups; ++g) {
    for (int row = 0; row < rows; ++row) low[g * MAX_ROWS + row] = in.read();
    for (int row = 0; row < rows; ++row) {
      const word512 word = in.read();
      const float most = largest_magnitude(low[g * MAX_ROWS + row], word);
      high[g * MAX_ROWS + row] = word;
      largest[g * MAX_ROWS + row] = most;
      row_largest[row] = most > row_largest[row] ? most : row_largest[row];
    }
  }
  for (int row = 0; row < rows; ++row) {
    const row_scale scale = scale_of_row(row_largest[row]);
    for (int g = 0; g < groups; ++g) {
      const int at = g * MAX_ROWS + row;
      frame[row * groups + g] =
          quantise_words(low[at], high[at], scale, group_shift(largest[at], row_largest[row]));
    }
  }
}
#else
// A word of the stream with this number.
inline void read_source(int, word512&) {}
template <class... REST>
inline void read_source(int source, word512& word, hls::stream<word512>& first, REST&... rest) {
#pragma HLS INLINE
  if (source == 0) word = first.read();
  read_source(source - 1, word, rest...);
}
#endif

// Reads rows * groups*kGroupWords words of the frame's source, in its order, and makes one frame of them.
// rows <= MAX_ROWS, groups <= MAX_GROUPS.
template <int MAX_GROUPS, int MAX_ROWS, class FRAMES, class... SOURCES>
inline void fill_frame(const frame_source from, int rows, FRAMES& frames, SOURCES&... sources) {
#pragma HLS INLINE
#ifdef ST_FAST
  typedef word512 frame_words[MAX_ROWS * MAX_GROUPS];
  hls::write_lock<frame_words> lock(frames);
  frame_words& frame = lock;
  hls::stream<word512>& in = source_of(from.source, sources...);
  if (from.from_tiles) {
    quantise_tiles<MAX_GROUPS, MAX_ROWS>(in, from.groups, rows, frame);
  } else {
    quantise_rows<MAX_GROUPS>(in, from.groups, rows, frame);
  }
#else
  constexpr int WORDS = contract::kGroupWords * MAX_GROUPS;  // of a row
  word512 words[MAX_ROWS * WORDS];
  uint32_t largest[MAX_ROWS * WORDS];
  uint32_t row_largest[MAX_ROWS];
#pragma HLS ARRAY_PARTITION variable = row_largest type = complete
  row_scale scales[MAX_ROWS];
  const int row_words = contract::kGroupWords * from.groups;
  int row = 0;
  int place = 0;
  for (int n = 0; n < rows * row_words; ++n) {
#pragma HLS PIPELINE II = 1
    word512 word(0);
    read_source(from.source, word, sources...);
    const uint32_t most = largest_bits(word);
    words[row * WORDS + place] = word;
    largest[row * WORDS + place] = most;
    const uint32_t so_far = larger(most, place == 0 ? 0 : row_largest[row]);
    row_largest[row] = so_far;
    const bool last_word = place == row_words - 1;
    const bool last_row = row == rows - 1;
    if (last_word) scales[row] = scale_of_row(float_of_bits(so_far));
    const bool ends_row = from.from_tiles || last_word;
    const bool ends_place = !from.from_tiles || last_row;
    row = !ends_row ? row : from.from_tiles && last_row ? 0 : row + 1;
    place = !ends_place ? place : !from.from_tiles && last_word ? 0 : place + 1;
  }
  row = 0;
  int first = 0;  // in the first part, where the others' groups belong to
  int group = 0;
  for (int n = 0; n < rows * from.groups; ++n) {
#pragma HLS PIPELINE II = 1
    const int at = row * WORDS + 2 * group;
    const float most = float_of_bits(larger(largest[at], largest[at + 1]));
    frames.write(quantise_words(words[at], words[at + 1], scales[row],
                                group_shift(most, float_of_bits(row_largest[row]))));
    const bool ends_parts = group + from.part_groups >= from.groups;
    const bool ends_row = ends_parts && first + 1 == from.part_groups;
    first = ends_row ? 0 : ends_parts ? first + 1 : first;
    group = ends_parts ? first : group + from.part_groups;
    row = ends_row ? row + 1 : row;
  }
#endif
}

// Reads the words of every frame, in the order of the issues, and writes the frames.
template <class CONFIG, class FRAMES, class... SOURCES>
inline void fill_frames(const step_header& header, FRAMES& frames, SOURCES&... sources) {
  issue_order<CONFIG> order;
  for (int i = 0; i < issue_order<CONFIG>::count; ++i) {
#pragma HLS LOOP_FLATTEN off
    const frame_source from = CONFIG::frame(order.kind);
    fill_frame<CONFIG::max_groups, CONFIG::step_tokens>(
        from, count_rows(from.rows, CONFIG::fixed_rows, header), frames, sources...);
    order.advance();
  }
}

}  // namespace st

#endif
