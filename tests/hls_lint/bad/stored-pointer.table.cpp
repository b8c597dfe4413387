// SPDX-License-Identifier: Apache-2.0
// Reads pointers from a constant list.
#include "st/dataflow.h"

constexpr int kForth[8] = {0, 1, 2, 3, 4, 5, 6, 7};
constexpr int kBack[8] = {7, 6, 5, 4, 3, 2, 1, 0};
constexpr const int* kRows[2] = {kForth, kBack};

static void load(const st::word512* memory, hls::stream<st::word512>& out) {
  for (int i = 0; i < 8; ++i) out.write(memory[kRows[st::lane_i32(memory[i], 0) & 1][i]]);
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
