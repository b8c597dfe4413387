// SPDX-License-Identifier: Apache-2.0
// The pools of keys and values: float16, [page][layer][KV head][token of the page][head_dim].
#ifndef ST_CONTRACT_KV_PAGES_H
#define ST_CONTRACT_KV_PAGES_H

#include "word.h"

namespace streamtensor {
namespace contract {

constexpr int kPageTokens = 32;
constexpr int kKvElementBytes = 2;

// Bytes of one page in one pool.
template <class T>
constexpr T KvPageBytes(T layers, T kv_heads, T head_dim) {
  return layers * kv_heads * kPageTokens * head_dim * kKvElementBytes;
}

// Pages that `tokens` consecutive positions from 0 on take.
template <class T>
constexpr T PagesOf(T tokens) {
  return CeilDiv<T>(tokens, kPageTokens);
}

static_assert(kPageTokens * kKvElementBytes % kWordBytes == 0,
              "the rows of one head fill whole words for every head dimension");

}  // namespace contract
}  // namespace streamtensor

#endif
