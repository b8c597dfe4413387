// SPDX-License-Identifier: Apache-2.0
// Copies of a stream. A process that forks is emitted text: it reads its header, then calls these in
// the order of its list. Each reads a word, then writes it to each output in turn, `words` times. Flushable:
// words that were taken come out though the next is still to come (HLS contract, j).
#ifndef ST_FORK_H
#define ST_FORK_H

#include "dataflow.h"

namespace st {

inline void copy_words(hls::stream<word512>& in, int words, hls::stream<word512>& out) {
  for (int i = 0; i < words; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
    out.write(in.read());
  }
}

inline void fork_words(hls::stream<word512>& in, int words, hls::stream<word512>& a,
                       hls::stream<word512>& b) {
  for (int i = 0; i < words; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
    const word512 word = in.read();
    a.write(word);
    b.write(word);
  }
}

inline void fork_words(hls::stream<word512>& in, int words, hls::stream<word512>& a, hls::stream<word512>& b,
                       hls::stream<word512>& c) {
  for (int i = 0; i < words; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
    const word512 word = in.read();
    a.write(word);
    b.write(word);
    c.write(word);
  }
}

inline void fork_words(hls::stream<word512>& in, int words, hls::stream<word512>& a, hls::stream<word512>& b,
                       hls::stream<word512>& c, hls::stream<word512>& d) {
  for (int i = 0; i < words; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
    const word512 word = in.read();
    a.write(word);
    b.write(word);
    c.write(word);
    d.write(word);
  }
}

}  // namespace st

#endif
