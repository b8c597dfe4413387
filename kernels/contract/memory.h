// SPDX-License-Identifier: Apache-2.0
// Where a kernel's arguments lie in a card's memory.
#ifndef ST_CONTRACT_MEMORY_H
#define ST_CONTRACT_MEMORY_H

#include "word.h"

namespace streamtensor {
namespace contract {

// Buffers of a card begin on such a border, and so do the segments of weights.bin that are copied into them.
constexpr int kBufferAlignmentBytes = 4096;

static_assert(kBufferAlignmentBytes % kWordBytes == 0, "a buffer begins with a whole word");

}  // namespace contract
}  // namespace streamtensor

#endif
