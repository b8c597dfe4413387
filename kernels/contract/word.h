// SPDX-License-Identifier: Apache-2.0
// The 512-bit word that streams, weight blocks and memory ports carry.
//
// The headers of this folder hold what the compiler, the kernels, the artifact's formats, the runtime and the
// server must agree on, each value once. They are C++14 without a standard library, so that Vitis HLS takes
// them too.
#ifndef ST_CONTRACT_WORD_H
#define ST_CONTRACT_WORD_H

#include <stdint.h>

namespace streamtensor {
namespace contract {

constexpr int kWordBits = 512;
constexpr int kWordBytes = kWordBits / 8;
constexpr int kLanes = kWordBits / 32;         // float32, int32 or uint32 values of a word
constexpr int kFloat16Lanes = kWordBits / 16;  // float16 values of a word
constexpr int kLaneBytes = 4;

template <class T>
constexpr T CeilDiv(T dividend, T divisor) {
  return (dividend + divisor - 1) / divisor;
}

// Words that `floats` float32 take.
template <class T>
constexpr T WordsOf(T floats) {
  return CeilDiv<T>(floats, kLanes);
}

// `bytes`, up to a whole word.
template <class T>
constexpr T RoundUpToWords(T bytes) {
  return CeilDiv<T>(bytes, kWordBytes) * kWordBytes;
}

static_assert(kWordBytes == 64, "a word is a cache line of the host");
static_assert(kLanes * kLaneBytes == kWordBytes, "lanes fill a word");
static_assert(kFloat16Lanes == 2 * kLanes, "a float16 is half a lane");

}  // namespace contract
}  // namespace streamtensor

#endif
