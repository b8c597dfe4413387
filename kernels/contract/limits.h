// SPDX-License-Identifier: Apache-2.0
// The largest values that a design may have.
#ifndef ST_CONTRACT_LIMITS_H
#define ST_CONTRACT_LIMITS_H

#include "kv_pages.h"
#include "tiles.h"
#include "word.h"

namespace streamtensor {
namespace contract {

constexpr int kMaxStepTokens = 16;          // bound of the symbols T and W
constexpr int kMaxContextTokens = 1 << 17;  // of a sequence: sizes the page table and the RoPE tables
constexpr int kMaxSlotPages = PagesOf(kMaxContextTokens);
constexpr int kMaxMemoryBanks = 256;        // of any card; a weight channel has its own bank
constexpr int kMaxFrameSlots = 64;          // of the engine's frames stream
constexpr int kMaxUnroll = kMaxBlockTiles;  // rows of activations that the engine works on

static_assert(kMaxStepTokens <= 32, "the header process keeps a bit a slot in 32 bits");

}  // namespace contract
}  // namespace streamtensor

#endif
