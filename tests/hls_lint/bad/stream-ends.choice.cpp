// SPDX-License-Identifier: Apache-2.0
// Chooses the FIFO that it reads at run time: who reads which can not be told.
#include "st/dataflow.h"

static void load(const st::word512* memory, hls::stream<st::word512>& even, hls::stream<st::word512>& odd) {
  for (int i = 0; i < 8; i += 2) {
#pragma HLS PIPELINE II = 1
    even.write(memory[i]);
    odd.write(memory[i + 1]);
  }
}

static void store(hls::stream<st::word512>& even, hls::stream<st::word512>& odd, st::word512* memory) {
  memory[0] = even.read();
  memory[1] = odd.read();
  for (int i = 2; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    hls::stream<st::word512>& next = i % 2 ? odd : even;
    memory[i] = next.read();
  }
}

extern "C" void streamtensor_step(const st::word512* input, st::word512* output) {
#pragma HLS INTERFACE mode = m_axi port = input offset = slave bundle = bank0
#pragma HLS INTERFACE mode = m_axi port = output offset = slave bundle = bank1
#pragma HLS DATAFLOW
  hls::stream<st::word512, 2> even("even");
  hls::stream<st::word512, 2> odd("odd");
  ST_PROCESS(load, input, even, odd);
  ST_PROCESS(store, even, odd, output);
  ST_DATAFLOW_END
}
