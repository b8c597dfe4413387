// SPDX-License-Identifier: Apache-2.0
// From T rows to the W rows that want logits.
#ifndef ST_TAKE_ROWS_H
#define ST_TAKE_ROWS_H

#include "dataflow.h"
#include "header.h"

namespace st {

// For each token: reads `words` words; writes each at once when the token wants logits.
inline void take_rows(hls::stream<word512>& in, int words, const step_header& header,
                      hls::stream<word512>& out) {
  for (int t = 0; t < header.tokens; ++t) {
#pragma HLS LOOP_FLATTEN off
    for (int i = 0; i < words; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
      const word512 word = in.read();
      if (header.token[t].wants_logits) out.write(word);
    }
  }
}

}  // namespace st

#endif
