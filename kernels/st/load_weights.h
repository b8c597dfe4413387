// SPDX-License-Identifier: Apache-2.0
// One weights channel: ONE linear stream of blocks. Blocks of all issues, in issue order, are dealt
// round robin over the channels; the process only counts.
#ifndef ST_LOAD_WEIGHTS_H
#define ST_LOAD_WEIGHTS_H

#include "dataflow.h"
#include "issue.h"

namespace st {

// Hands on the blocks of one issue that lie in this channel. `turn` is the channel of the issue's first
// block, then of the next issue's; `word` where this channel's next block starts in memory.
template <int CHANNELS, int CHANNEL>
inline void load_issue(const issue op, const word512* memory, int& turn, int64_t& word,
                       hls::stream_of_blocks<weight_block>& out) {
  const int blocks = contract::IssueBlocks(op.bits, op.groups, op.row_tiles);
  const int words = contract::BlockWords(op.bits);
  const int first = CHANNEL >= turn ? CHANNEL - turn : CHANNEL - turn + CHANNELS;
  for (int block = first; block < blocks; block += CHANNELS) {
#pragma HLS LOOP_FLATTEN off
    load_block<contract::kMaxBlockWords>(out, memory + word, words);
    word += words;
  }
  turn = (turn + blocks) % CHANNELS;
}

// Process, without a header. CONFIG: the engine's, and `channel`:
//   struct weights_1 : engine_config { static constexpr int channel = 1; };
// Writes every block of this channel once per launch, independent of the step.
template <class CONFIG>
void load_weights(const word512* memory, hls::stream_of_blocks<weight_block>& out) {
  int turn = 0;
  int64_t word = 0;
  for (int i = 0; i < CONFIG::prologue_issues; ++i) {
    load_issue<CONFIG::channels, CONFIG::channel>(CONFIG::prologue(i), memory, turn, word, out);
  }
  for (int layer = 0; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    for (int i = 0; i < CONFIG::layer_issues; ++i) {
#pragma HLS LOOP_FLATTEN off
      load_issue<CONFIG::channels, CONFIG::channel>(CONFIG::layer(i), memory, turn, word, out);
    }
  }
  for (int i = 0; i < CONFIG::epilogue_issues; ++i) {
    load_issue<CONFIG::channels, CONFIG::channel>(CONFIG::epilogue(i), memory, turn, word, out);
  }
}

}  // namespace st

#endif
