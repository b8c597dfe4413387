// SPDX-License-Identifier: Apache-2.0
// A header of the C++ library.
#include <vector>

#include "st/dataflow.h"

static void load(const st::word512* memory, hls::stream<st::word512>& out) {
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(memory[i]);
  }
}

static void store(hls::stream<st::word512>& in, st::word512* memory) {
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    memory[i] = in.read();
  }
}

extern "C" void streamtensor_step(const st::word512* input, st::word512* output) {
#pragma HLS INTERFACE mode = m_axi port = input offset = slave bundle = bank0
#pragma HLS INTERFACE mode = m_axi port = output offset = slave bundle = bank1
#pragma HLS DATAFLOW
  hls::stream<st::word512, 2> words("words");
  ST_PROCESS(load, input, words);
  ST_PROCESS(store, words, output);
  ST_DATAFLOW_END
}
