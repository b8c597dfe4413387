// SPDX-License-Identifier: Apache-2.0
// One weight channel: a linear stream of words, from the first issue of the launch to its last.
#ifndef ST_LOAD_WEIGHTS_H
#define ST_LOAD_WEIGHTS_H

#include "dataflow.h"
#include "issue.h"

namespace st {

#ifdef ST_FAST
// The same by blocks, which are read where they lie.
template <class CONFIG>
inline void load_blocks(const word512* memory, weight_port& out) {
  for (issue_order<CONFIG> order; order.kind < issue_kinds<CONFIG>(); order.advance()) {
    const issue op = CONFIG::issue(order.kind);
    const int words = contract::TileWords(op.bits, op.scale_groups);
    const int per_block = contract::BlockTiles(op.bits, op.scale_groups);
    const int tiles = op.part_groups / op.scale_groups;
    for (int round = 0; round < op.rounds; ++round) {
      for (int tile = 0; tile < tiles; tile += per_block) {
        out.push_view(*reinterpret_cast<const weight_block*>(memory + tile * words));
      }
      memory += tiles * words;
    }
  }
}
#endif

// Process, without a header. CONFIG: the engine's. Writes every word of the channel once per launch,
// whatever the step.
template <class CONFIG>
void load_weights(const word512* memory, weight_port& out) {
#ifdef ST_FAST
  load_blocks<CONFIG>(memory, out);
#else
  constexpr int64_t WORDS = channel_words<CONFIG>();
  for (int64_t i = 0; i < WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(memory[i]);
  }
#endif
}

}  // namespace st

#endif
