// SPDX-License-Identifier: Apache-2.0
// An address travels on a FIFO.
#include "st/dataflow.h"

struct place {
  const st::word512* word;
  int index;
};

static void load(const st::word512* memory, hls::stream<place>& out) {
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    place where;
    where.index = st::lane_i32(memory[i], 0);
    out.write(where);
  }
}

static void store(hls::stream<place>& in, st::word512* memory) {
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    const place where = in.read();
    st::word512 word(0);
    st::set_lane_i32(word, 0, where.index);
    memory[i] = word;
  }
}

extern "C" void streamtensor_step(const st::word512* input, st::word512* output) {
#pragma HLS INTERFACE mode = m_axi port = input offset = slave bundle = bank0
#pragma HLS INTERFACE mode = m_axi port = output offset = slave bundle = bank1
#pragma HLS DATAFLOW
  hls::stream<place, 2> words("words");
  ST_PROCESS(load, input, words);
  ST_PROCESS(store, words, output);
  ST_DATAFLOW_END
}
