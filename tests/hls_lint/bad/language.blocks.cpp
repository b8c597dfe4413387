// SPDX-License-Identifier: Apache-2.0
// AMD's constructor of a stream of blocks takes no name.
#include "st/dataflow.h"

typedef st::word512 block[4];

static void load(const st::word512* memory, hls::stream_of_blocks<block>& out) {
  for (int i = 0; i < 8; ++i) {
    hls::write_lock<block> lock(out);
    block& words = lock;
    for (int w = 0; w < 4; ++w) {
#pragma HLS PIPELINE II = 1
      words[w] = memory[4 * i + w];
    }
  }
}

static void store(hls::stream_of_blocks<block>& in, st::word512* memory) {
  for (int i = 0; i < 8; ++i) {
    hls::read_lock<block> lock(in);
    block& words = lock;
    for (int w = 0; w < 4; ++w) {
#pragma HLS PIPELINE II = 1
      memory[4 * i + w] = words[w];
    }
  }
}

extern "C" void streamtensor_step(const st::word512* input, st::word512* output) {
#pragma HLS INTERFACE mode = m_axi port = input offset = slave bundle = bank0
#pragma HLS INTERFACE mode = m_axi port = output offset = slave bundle = bank1
#pragma HLS DATAFLOW
  hls::stream_of_blocks<block, 4> words("words");
  ST_PROCESS(load, input, words);
  ST_PROCESS(store, words, output);
  ST_DATAFLOW_END
}
