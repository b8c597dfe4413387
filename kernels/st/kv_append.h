// SPDX-License-Identifier: Apache-2.0
// The step's keys and values to their pages, rounded to float16: dataflow.kv_append.
#ifndef ST_KV_APPEND_H
#define ST_KV_APPEND_H

#include "contract/kv_pages.h"
#include "dataflow.h"
#include "dot.h"
#include "header.h"
#include "rows.h"

namespace st {

constexpr int common_divisor(int a, int b) { return b == 0 ? a : common_divisor(b, a % b); }

// Where row 0 of a page, layer and head starts, in elements of a pool (contract/kv_pages.h).
template <class CONFIG>
inline int64_t pool_offset(int32_t page, int layer, int head) {
#pragma HLS INLINE
  return ((static_cast<int64_t>(page) * CONFIG::layers + layer) * CONFIG::kv_heads + head) *
         contract::kPageTokens * CONFIG::head_dim;
}

template <class CONFIG>
inline void append_rows(const step_header& header, int layer, hls::stream<word512>& rows, uint16_t* pages) {
  constexpr int D = CONFIG::head_dim;
  for (int t = 0; t < header.tokens; ++t) {
#pragma HLS LOOP_FLATTEN off
    float row[CONFIG::kv_heads * D];
#pragma HLS ARRAY_PARTITION variable = row type = cyclic factor = 32
    read_row(rows, row);
#ifdef ST_FAST
    for (int head = 0; head < CONFIG::kv_heads; ++head) {
      const int64_t at = pool_offset<CONFIG>(header.token[t].page, layer, head) + header.token[t].row * D;
      f16_row(row + head * D, D, pages + at);
    }
#else
    // What divides a head's row and a word of memory is written at a time.
    constexpr int LANES = common_divisor(contract::kFloat16Lanes, D);
    for (int head = 0; head < CONFIG::kv_heads; ++head) {
      for (int d = 0; d < D; d += LANES) {
#pragma HLS PIPELINE II = 1
        const int64_t at =
            pool_offset<CONFIG>(header.token[t].page, layer, head) + header.token[t].row * D + d;
        for (int l = 0; l < LANES; ++l) {
#pragma HLS UNROLL
          pages[at + l] = f16_of_f32(row[head * D + d + l]);
        }
      }
    }
#endif
  }
}

// Process. CONFIG: layers, kv_heads, head_dim. Reads the header; for each layer: reads
// T*WordsOf(kv_heads*head_dim) words of keys, then as many of values, rows outer, and writes them to
// the token's page and row; at the end writes one done token.
template <class CONFIG>
void kv_append(hls::stream<header_word>& headers, hls::stream<word512>& keys, hls::stream<word512>& values,
               uint16_t* key_pages, uint16_t* value_pages, hls::stream<done_token>& done) {
  step_header header;
  read_header(headers, header);
  for (int layer = 0; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    append_rows<CONFIG>(header, layer, keys, key_pages);
    append_rows<CONFIG>(header, layer, values, value_pages);
  }
  done.write(1);
}

}  // namespace st

#endif
