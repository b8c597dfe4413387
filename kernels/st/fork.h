// SPDX-License-Identifier: Apache-2.0
// Copies of a stream. A process that forks is emitted text: it reads its header, then calls these in
// the order of its list. Each reads a word, then writes it to each output in turn, `words` times.
#ifndef ST_FORK_H
#define ST_FORK_H

#include "dataflow.h"

namespace st {

inline void write_each(const word512&) {}
template <class... REST>
inline void write_each(const word512& word, hls::stream<word512>& out, REST&... rest) {
#pragma HLS INLINE
  out.write(word);
  write_each(word, rest...);
}

template <class... OUTS>
inline void fork_words(hls::stream<word512>& in, int words, OUTS&... outs) {
#ifdef ST_FAST
  if (words > 0) in.copy_many(static_cast<uint32_t>(words), outs...);
#else
  for (int i = 0; i < words; ++i) {
// Flushable: words that were taken come out though the next is still to come (HLS contract, j).
#pragma HLS PIPELINE II = 1 style = flp
    const word512 word = in.read();
    write_each(word, outs...);
  }
#endif
}

inline void copy_words(hls::stream<word512>& in, int words, hls::stream<word512>& out) {
  fork_words(in, words, out);
}

}  // namespace st

#endif
