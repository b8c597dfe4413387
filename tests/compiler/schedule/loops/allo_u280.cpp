// SPDX-License-Identifier: Apache-2.0
// The two stages of atax as Allo writes them (2.50 ns), written anew.
#include <hls_stream.h>

extern "C" {
void first_copy(float x[390], hls::stream<float>& out) {
  for (int i = 0; i < 390; i++) {
#pragma HLS PIPELINE II = 1
    out.write(x[i]);
  }
}
void second_sums(float a[390][410], float t[390], float y[410]) {
#pragma HLS ARRAY_PARTITION variable = a cyclic dim = 2 factor = 41
#pragma HLS ARRAY_PARTITION variable = y cyclic dim = 1 factor = 41
  for (int k = 0; k < 390; k++) {
    for (int n = 0; n < 410; n++) {
#pragma HLS PIPELINE II = 1
#pragma HLS UNROLL factor = 41
      y[n] = y[n] + a[k][n] * t[k];
    }
  }
}
void second_copy(hls::stream<float>& in, float t[390]) {
  for (int i = 0; i < 390; i++) {
#pragma HLS PIPELINE II = 1
    t[i] = in.read();
  }
}
}
