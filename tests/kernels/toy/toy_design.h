// SPDX-License-Identifier: Apache-2.0
// A dataflow design written by hand in the style of emitted text: two layers, eight processes, one
// engine shared by two issues a layer, two frame slots, steps of 1..16 tokens.
//
//   for layer in 0..1:  h[t] = silu-like(W_gate x[t]) * (W_up x[t]);   x[t] = x[t] + W_down h[t]
//
// All 64 wide. Weights are float32, 16 rows x 1 k a word, so that the test can say what is right in a
// few lines; everything else (frames, blocks, row tiles, headers, the one issue order) is as emitted.
#ifndef TOY_DESIGN_H
#define TOY_DESIGN_H

#include "st/dataflow.h"

#ifndef TOY_FRAME_SLOTS
#define TOY_FRAME_SLOTS 2
#endif
// One row tile of all tokens: what the result switch sends ahead on `gate` before the first `up`.
#ifndef TOY_GATE_DEPTH
#define TOY_GATE_DEPTH 16
#endif

namespace toy {

constexpr int kTokens = 16;  // bound of the symbol T
constexpr int kWidth = 64;   // values a token
constexpr int kWords = 4;    // words a token
constexpr int kLayers = 2;
constexpr int kBlockWords = 32;
constexpr int kGateUpTiles = 8;  // row tiles, gate and up alternating
constexpr int kDownTiles = 4;
constexpr int kLayerBlocks = (kGateUpTiles + kDownTiles) * kWidth / kBlockWords;

typedef st::word512 Frame[kTokens * kWords];
typedef st::word512 WeightBlock[kBlockWords];

struct Header {
  int32_t tokens;
};

enum Port { kResidual, kGateUp };

// One contraction of the layer: where its frame comes from, its row tiles, where its results go.
struct Issue {
  Port source;
  int tiles;
  Port destination;
};
constexpr Issue kLayerIssues[] = {{kResidual, kGateUpTiles, kGateUp}, {kGateUp, kDownTiles, kResidual}};
constexpr int kLayerIssueCount = 2;

}  // namespace toy

extern "C" void toy_step(const st::word512* descriptor, st::word512* status, const st::word512* input,
                         st::word512* output, const st::word512* weights);

#endif
