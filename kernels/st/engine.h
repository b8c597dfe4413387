// SPDX-License-Identifier: Apache-2.0
// The INT4/INT8 x INT8 engine: every matrix product of the design, one after the other, in issue order.
//
// CONFIG (load_weights takes the same):
//   constexpr st::issue engine_layer[] = {{4, 18, 60, st::ROWS_T}, ...};   // namespace scope
//   struct engine_config {
//     static constexpr int channels = 4;       // C
//     static constexpr int step_tokens = 16;   // bound of T and W; of fixed_rows too
//     static constexpr int max_groups = 48;    // the most groups of any issue
//     static constexpr int layers = 30;
//     static constexpr int fixed_rows = 0;     // rows of ROWS_FIXED issues
//     static constexpr int unroll = 6;         // tiles of one row tile worked on at a time, 1..kMaxUnroll
//     static constexpr int prologue_issues = 0, layer_issues = 4, epilogue_issues = 1;
//     static constexpr st::issue prologue(int) { return st::issue(); }   // no issue: never called
//     static constexpr st::issue layer(int i) { return engine_layer[i]; }
//     static constexpr st::issue epilogue(int i) { return engine_epilogue[i]; }
//   };
// Each issue: takes one frame (read lock) and holds it to the issue's end; takes its blocks from
// weights[turn], weights[turn + 1], ... round robin, going on from issue to issue; writes row_tiles*rows
// words, row tiles outer, rows inner, each row tile when its last group is summed. With rows = 0 the
// blocks are taken and dropped.
#ifndef ST_ENGINE_H
#define ST_ENGINE_H

#include "contract/tiles.h"
#include "dataflow.h"
#include "dot.h"
#include "header.h"
#include "issue.h"

namespace st {

#ifdef ST_FAST
// What run_issue below says, by whole row tiles: their blocks are taken first, which nothing but this
// process waits for, and read where they lie until the launch ends (load_block's promise).
template <class CONFIG, int DEPTH>
inline void run_issue_by_row_tiles(
    const issue op, int rows,
    hls::stream_of_blocks<word512[CONFIG::step_tokens * CONFIG::max_groups]>& frames,
    hls::stream_of_blocks<weight_block, DEPTH> (&weights)[CONFIG::channels], int& turn,
    hls::stream<word512>& results) {
  constexpr int FRAME_WORDS = CONFIG::step_tokens * CONFIG::max_groups;
  constexpr int MAX_RESULTS = contract::kSharedRowTiles * CONFIG::step_tokens;
  constexpr int MAX_BLOCKS = contract::kSharedRowTiles * CONFIG::max_groups / contract::kI8BlockTiles + 2;
  hls::read_lock<word512[FRAME_WORDS]> frame_lock(frames);
  const word512(&frame)[FRAME_WORDS] = frame_lock;
  word512 words[MAX_RESULTS];
  const weight_block* blocks[MAX_BLOCKS];
  word512 prepared[FRAME_WORDS];
  const word512* const wide = prepare(op.bits, frame, rows * op.groups, prepared);

  const int per_block = contract::BlockTiles(op.bits);
  const int at_once = host::threads() > 1 ? contract::kSharedRowTiles : 1;
  int taken = 0;  // blocks in `blocks`, the first of which holds the next tile
  int first = 0;  // at this place
  for (int done = 0; done < op.row_tiles;) {
    const int count = op.row_tiles - done < at_once ? op.row_tiles - done : at_once;
    const int end = first + count * op.groups;
    for (; taken * per_block < end; ++taken) {
      hls::read_lock<weight_block> lock(weights[turn]);
      const weight_block& block = lock;
      blocks[taken] = &block;
      turn = turn + 1 == CONFIG::channels ? 0 : turn + 1;
    }
    if (rows > 0) {
      host::share(static_cast<uint32_t>(count), [&](uint32_t row_tile) {
        int at = first + row_tile * op.groups;
        const auto tile_at = [&](int place) {
          return *blocks[place / per_block] + place % per_block * contract::TileWords(op.bits);
        };
        const row_tile_scales scales = split_unit(tile_at(at)[contract::TileIntegerWords(op.bits)]);
        row_sums sums[CONFIG::step_tokens];
        for (int group = 0; group < op.groups;) {
          const int left = per_block - at % per_block;
          const int run = op.groups - group < left ? op.groups - group : left;
          const word512* const tiles = tile_at(at);
          dot(op.bits, tiles, run, group == 0 ? &scales.scales : tiles + contract::TileIntegerWords(op.bits),
              frame + group, wide + group, op.groups, rows, group == 0, sums);
          at += run;
          group += run;
        }
        for (int row = 0; row < rows; ++row) {
          words[row_tile * rows + row] = finish(sums[row], scales, frame_scale(frame[row * op.groups]));
        }
      });
      results.write_many(words, count * rows);
    }
    done += count;
    // The next row tile may begin in the last block.
    const bool within = end % per_block != 0;
    first = within ? end % per_block : 0;
    if (within) blocks[0] = blocks[taken - 1];
    taken = within ? 1 : 0;
  }
}
#else

// Copies the first `words` words of the next block of weights[turn] to the registers of its tiles. The
// channels are unrolled because Vitis can't choose a stream of blocks at run time.
template <int CHANNELS, int DEPTH>
inline void take_block(hls::stream_of_blocks<weight_block, DEPTH> (&weights)[CHANNELS], int turn, int bits,
                       int words, word512 (&tiles)[contract::kMaxBlockTiles][contract::kMaxTileWords]) {
  const int tile_words = contract::TileWords(bits);
  for (int channel = 0; channel < CHANNELS; ++channel) {
#pragma HLS UNROLL
    if (channel == turn) {
      hls::read_lock<weight_block> lock(weights[channel]);
      const weight_block& block = lock;
      int tile = 0;
      int word = 0;
      for (int i = 0; i < contract::kMaxBlockWords && i < words; ++i) {
#pragma HLS PIPELINE II = 1
        tiles[tile][word] = block[i];
        const bool last = word + 1 == tile_words;
        word = last ? 0 : word + 1;
        tile = last ? tile + 1 : tile;
      }
    }
  }
}
#endif

template <class CONFIG, int DEPTH>
inline void run_issue(const issue op, int rows,
                      hls::stream_of_blocks<word512[CONFIG::step_tokens * CONFIG::max_groups]>& frames,
                      hls::stream_of_blocks<weight_block, DEPTH> (&weights)[CONFIG::channels], int& turn,
                      hls::stream<word512>& results) {
#ifdef ST_FAST
  run_issue_by_row_tiles<CONFIG>(op, rows, frames, weights, turn, results);
#else
  constexpr int FRAME_WORDS = CONFIG::step_tokens * CONFIG::max_groups;
  hls::read_lock<word512[FRAME_WORDS]> frame_lock(frames);
  // Vitis partitions no block of a stream: the engine reads a copy.
  word512 frame[FRAME_WORDS + CONFIG::unroll];
#pragma HLS ARRAY_PARTITION variable = frame type = cyclic factor = CONFIG::unroll
  const word512(&given)[FRAME_WORDS] = frame_lock;
  const int words = rows * op.groups;
  for (int i = 0; i < FRAME_WORDS && i < words; ++i) {
#pragma HLS PIPELINE II = 1
    frame[i] = given[i];
  }
  int64_t sums[CONFIG::step_tokens][contract::kTileRows];
#pragma HLS ARRAY_PARTITION variable = sums type = complete dim = 2
  float units[contract::kTileRows] = {};
#pragma HLS ARRAY_PARTITION variable = units type = complete
  float scales[CONFIG::step_tokens];
  for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
    scales[row] = frame_scale(frame[row * op.groups]);
  }

  const int per_block = contract::BlockTiles(op.bits);
  const int blocks = contract::IssueBlocks(op.bits, op.groups, op.row_tiles);
  int left = op.groups * op.row_tiles;  // tiles that are not padding
  int group = 0;
  for (int b = 0; b < blocks; ++b) {
#pragma HLS LOOP_FLATTEN off
    word512 block[contract::kMaxBlockTiles][contract::kMaxTileWords];
#pragma HLS ARRAY_PARTITION variable = block type = complete dim = 0
    take_block(weights, turn, op.bits, rows == 0 ? 0 : contract::BlockWords(op.bits), block);
    turn = turn + 1 == CONFIG::channels ? 0 : turn + 1;
    if (rows == 0) continue;
    const int tiles = left < per_block ? left : per_block;
    left -= tiles;
    int tile = 0;
    for (int part = 0; part < contract::kMaxBlockTiles && tile < tiles; ++part) {
#pragma HLS LOOP_FLATTEN off
      const int run = op.groups - group < tiles - tile ? op.groups - group : tiles - tile;
      if (group == 0) {
        for (int i = 0; i < contract::kTileRows; ++i) {
#pragma HLS UNROLL
          units[i] = tile_unit(block[tile][contract::TileIntegerWords(op.bits)], i);
        }
      }
      dot_plain<CONFIG::unroll>(op.bits, block, tile, run, frame, op.groups, group, rows, sums);
      tile += run;
      group += run;
      if (group == op.groups) {
        group = 0;
        for (int row = 0; row < rows; ++row) {
#pragma HLS PIPELINE II = 1
          results.write(finish_plain(sums[row], units, scales[row]));
        }
      }
    }
  }
#endif
}

// Process. Reads the header, then runs every issue as said above.
template <class CONFIG, int DEPTH>
void engine(hls::stream<header_word>& headers,
            hls::stream_of_blocks<word512[CONFIG::step_tokens * CONFIG::max_groups]>& frames,
            hls::stream_of_blocks<weight_block, DEPTH> (&weights)[CONFIG::channels],
            hls::stream<word512>& results) {
  step_header header;
  read_header<CONFIG::step_tokens>(headers, header);
  int turn = 0;
  for (int i = 0; i < CONFIG::prologue_issues; ++i) {
#pragma HLS LOOP_FLATTEN off
    const issue op = CONFIG::prologue(i);
    run_issue<CONFIG>(op, count_rows(op.rows, CONFIG::fixed_rows, header), frames, weights, turn, results);
  }
  for (int layer = 0; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    for (int i = 0; i < CONFIG::layer_issues; ++i) {
#pragma HLS LOOP_FLATTEN off
      const issue op = CONFIG::layer(i);
      run_issue<CONFIG>(op, count_rows(op.rows, CONFIG::fixed_rows, header), frames, weights, turn, results);
    }
  }
  for (int i = 0; i < CONFIG::epilogue_issues; ++i) {
#pragma HLS LOOP_FLATTEN off
    const issue op = CONFIG::epilogue(i);
    run_issue<CONFIG>(op, count_rows(op.rows, CONFIG::fixed_rows, header), frames, weights, turn, results);
  }
}

}  // namespace st

#endif
