// SPDX-License-Identifier: Apache-2.0
// A read-compute-write design of a workshop on Alveo cards (5 ns, Vitis kernel flow), written anew: 16 floats
// an iteration.
#include <hls_stream.h>

struct Row {
  float lane[16];
};

extern "C" {
void fetch(float* in, hls::stream<Row>& out) {
#pragma HLS INTERFACE m_axi port = in bundle = gmem0
  for (int i = 0; i < 16; i++) {
#pragma HLS PIPELINE II = 1
    Row row;
    for (int lane = 0; lane < 16; lane++) row.lane[lane] = in[i * 16 + lane];
    out.write(row);
  }
}
void twice(hls::stream<Row>& in, hls::stream<Row>& out) {
  for (int i = 0; i < 16; i++) {
#pragma HLS PIPELINE II = 1
    Row row = in.read();
    for (int lane = 0; lane < 16; lane++) row.lane[lane] *= 2.0f;
    out.write(row);
  }
}
}
