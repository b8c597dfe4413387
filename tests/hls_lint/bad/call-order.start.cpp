// SPDX-License-Identifier: Apache-2.0
// The start of what feedback is for waits for the start of what gives it.
#include "st/dataflow.h"

// Four rounds of eight words: what `change` gives back is the next round's input.
static void carry(const st::word512* memory, hls::stream<st::word512>& back, hls::stream<st::word512>& out,
                  hls::stream<st::word512>& last) {
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(memory[i]);
  }
  for (int round = 1; round < 4; ++round) {
#pragma HLS LOOP_FLATTEN off
    for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
      out.write(back.read());
    }
  }
  for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
    last.write(back.read());
  }
}

static void change(hls::stream<st::word512>& in, hls::stream<st::word512>& out) {
  for (int round = 0; round < 4; ++round) {
#pragma HLS LOOP_FLATTEN off
    st::word512 frame[8];
    for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
      frame[i] = in.read();
    }
    for (int i = 0; i < 8; ++i) {
#pragma HLS PIPELINE II = 1
      out.write(frame[7 - i]);
    }
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
  hls::stream<st::word512, 8> forth("forth");
  hls::stream<st::word512, 8> back("back");
  hls::stream<st::word512, 2> last("last");
  ST_PROCESS(carry, input, back, forth, last);
  ST_PROCESS(change, forth, back);
  ST_PROCESS(store, last, output);
  ST_DATAFLOW_END
}
