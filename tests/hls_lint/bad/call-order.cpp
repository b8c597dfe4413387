// SPDX-License-Identifier: Apache-2.0
// Three FIFOs are read before they are written.
#include "st/dataflow.h"

static void load(const st::word512* memory, hls::stream<st::word512>& out) {
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(memory[i]);
  }
}

static void copy(hls::stream<st::word512>& in, hls::stream<st::word512>& out) {
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(in.read());
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
#pragma HLS DATAFLOW disable_start_propagation
  hls::stream<st::word512, 2> words("words");
  hls::stream<st::word512, 2> copies("copies");
  hls::stream<st::word512, 2> last("last");
  ST_PROCESS(store, last, output);
  ST_PROCESS(copy, copies, last);
  ST_PROCESS(copy, words, copies);
  ST_PROCESS(load, input, words);
  ST_DATAFLOW_END
}
