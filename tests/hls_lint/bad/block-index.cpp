// SPDX-License-Identifier: Apache-2.0
// The index of a stream of blocks is known at run time only.
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

static void deal(hls::stream_of_blocks<block>& in, hls::stream_of_blocks<block, 4> (&out)[2]) {
  for (int i = 0; i < 8; ++i) {
    block copy;
#pragma HLS ARRAY_PARTITION variable = copy type = complete
    {
      hls::read_lock<block> lock(in);
      const block& words = lock;
      for (int w = 0; w < 4; ++w) {
#pragma HLS PIPELINE II = 1
        copy[w] = words[w];
      }
    }
    hls::write_lock<block> lock(out[i % 2]);
    block& words = lock;
    for (int w = 0; w < 4; ++w) {
#pragma HLS PIPELINE II = 1
      words[w] = copy[w];
    }
  }
}

static void store(hls::stream_of_blocks<block, 4> (&in)[2], st::word512* memory) {
  for (int i = 0; i < 4; ++i) {
    {
      hls::read_lock<block> lock(in[0]);
      const block& words = lock;
      for (int w = 0; w < 4; ++w) {
#pragma HLS PIPELINE II = 1
        memory[8 * i + w] = words[w];
      }
    }
    hls::read_lock<block> lock(in[1]);
    const block& words = lock;
    for (int w = 0; w < 4; ++w) {
#pragma HLS PIPELINE II = 1
      memory[8 * i + 4 + w] = words[w];
    }
  }
}

extern "C" void streamtensor_step(const st::word512* input, st::word512* output) {
#pragma HLS INTERFACE mode = m_axi port = input offset = slave bundle = bank0
#pragma HLS INTERFACE mode = m_axi port = output offset = slave bundle = bank1
#pragma HLS DATAFLOW
  hls::stream_of_blocks<block, 4> words;
  hls::stream_of_blocks<block, 4> turns[2];
  ST_PROCESS(load, input, words);
  ST_PROCESS(deal, words, turns);
  ST_PROCESS(store, turns, output);
  ST_DATAFLOW_END
}
