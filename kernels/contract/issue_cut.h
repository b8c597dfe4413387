// SPDX-License-Identifier: Apache-2.0
// How a matrix product is cut over weight channels and the engine's slices (docs/architecture.md, section 4).
#ifndef ST_CONTRACT_ISSUE_CUT_H
#define ST_CONTRACT_ISSUE_CUT_H

#include "limits.h"
#include "tiles.h"
#include "word.h"

namespace streamtensor {
namespace contract {

// An issue is cut over the weight channels. 2^split channels share a row tile: each holds a part of its
// groups, part p those from p * part_groups on. A round is a part for each channel: channel c, counted from
// 0, holds part c mod 2^split of row tile c / 2^split of the round. A channel holds its parts of all rounds,
// each with its groups ascending, one tile after another; tiles past the last group or row tile are zero.
// Parts are whole tiles, whichever number of groups share a scale. Sums are exact, so the cut changes no
// result.
constexpr int kMaxSplit = 3;

struct IssueCut {
  int64_t split = 0;        // a power of two
  int64_t part_groups = 0;  // of a row tile in a channel
  int64_t rounds = 0;
};

// Cycles in which the results of a round leave, for one row: a row tile's, or two of its parts, in each.
constexpr int64_t CutResultSteps(int64_t channels, const IssueCut& cut) {
  return cut.split == 0 ? channels : channels / 2;
}

// How many words of a channel pass, or results leave, until the issue's last result is out, for one row.
constexpr int64_t CutSteps(int64_t channels, int bits, int scale_groups, const IssueCut& cut) {
  const int64_t words = RowTileWords(bits, scale_groups, cut.part_groups),
                results = CutResultSteps(channels, cut);
  return cut.rounds * (words > results ? words : results) + results;
}

// The cut with the fewest steps. More parts must save more than a thirty-second: they are shorter runs on the
// host. `groups`: a multiple of `scale_groups`.
constexpr IssueCut CutIssue(int64_t channels, int bits, int64_t groups, int64_t row_tiles,
                            int scale_groups = 1) {
  IssueCut best{0, groups, CeilDiv<int64_t>(row_tiles, channels)};
  for (int64_t split = 1; split <= kMaxSplit && channels % (int64_t{1} << split) == 0; ++split) {
    const int64_t parts = int64_t{1} << split;
    const IssueCut cut{split, CeilDiv<int64_t>(groups / scale_groups, parts) * scale_groups,
                       CeilDiv<int64_t>(row_tiles, channels / parts)};
    const int64_t steps = CutSteps(channels, bits, scale_groups, cut);
    if (32 * steps < 31 * CutSteps(channels, bits, scale_groups, best)) best = cut;
  }
  return best;
}

// Of each channel.
constexpr int64_t CutWords(int bits, int scale_groups, const IssueCut& cut) {
  return cut.rounds * RowTileWords(bits, scale_groups, cut.part_groups);
}

// The host hands on weights by blocks: up to so many tiles of a part. The depth of a channel is counted in
// blocks too. The card passes single words.
constexpr int PartBlocks(int bits, int scale_groups, int part_groups) {
  return CeilDiv<int>(part_groups, BlockGroups(bits, scale_groups));
}

constexpr int kMaxLanes = kMaxStepTokens;  // rows of activations that the engine works on at a time

}  // namespace contract
}  // namespace streamtensor

#endif
