// SPDX-License-Identifier: Apache-2.0
// Processes of Prometheus' bicg (4.55 ns, Vitis kernel flow, unsafe math), written anew: words of 512 bits
// over AXI and FIFOs, tiles of 16 x 16 and 10 x 16 multiplied in one iteration.
#include <hls_stream.h>

struct Word {
  float lane[16];
};
struct Pair {
  float lane[2];
};

extern "C" {
void load_matrix(hls::stream<Word>& out, Word in[10400]) {
#pragma HLS INTERFACE m_axi port = in bundle = gmem0
  for (int i = 0; i < 10400; i++) {
#pragma HLS PIPELINE II = 1
    out.write(in[i]);
  }
}
void load_vector(hls::stream<Word>& out, Word in[25]) {
#pragma HLS INTERFACE m_axi port = in bundle = gmem1
  for (int i = 0; i < 25; i++) {
#pragma HLS PIPELINE II = 1
    out.write(in[i]);
  }
}
void load_transposed(hls::stream<Word>& out, Word in[10400]) {
#pragma HLS INTERFACE m_axi port = in bundle = gmem3
  for (int i = 0; i < 10250; i++) {
#pragma HLS PIPELINE II = 1
    out.write(in[i]);
  }
}
void load_column(hls::stream<Word>& out, Word in[26]) {
#pragma HLS INTERFACE m_axi port = in bundle = gmem4
  for (int i = 0; i < 26; i++) {
#pragma HLS PIPELINE II = 1
    out.write(in[i]);
  }
}
void store_words(hls::stream<Word>& in, Word out[25]) {
#pragma HLS INTERFACE m_axi port = out bundle = gmem5
  for (int i = 0; i < 25; i++) {
#pragma HLS PIPELINE II = 1
    out[i] = in.read();
  }
}
void read_column(float r[26][16], hls::stream<Word>& in) {
#pragma HLS ARRAY_PARTITION variable = r cyclic factor = 16 dim = 2
  for (int word = 0; word < 26; word++) {
#pragma HLS PIPELINE II = 1
    const Word value = in.read();
    for (int lane = 0; lane < 16; lane++) r[word][lane] = value.lane[lane];
  }
}
void read_row(float p[25][16], hls::stream<Word>& in) {
#pragma HLS ARRAY_PARTITION variable = p cyclic factor = 16 dim = 2
  for (int word = 0; word < 25; word++) {
#pragma HLS PIPELINE II = 1
    const Word value = in.read();
    for (int lane = 0; lane < 16; lane++) p[word][lane] = value.lane[lane];
  }
}
void read_wide_tiles(float a[1][10][25][16], hls::stream<Word>& in) {
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 10 dim = 2
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 16 dim = 4
  for (int row = 0; row < 10; row++) {
    for (int word = 0; word < 25; word++) {
#pragma HLS PIPELINE II = 1
      const Word value = in.read();
      for (int lane = 0; lane < 16; lane++) a[0][row][word][lane] = value.lane[lane];
    }
  }
}
void write_pairs(float q[1][10], hls::stream<Pair>& out) {
#pragma HLS ARRAY_PARTITION variable = q cyclic factor = 10 dim = 2
  for (int i = 0; i < 10; i += 2) {
#pragma HLS PIPELINE II = 1
    Pair pair;
    pair.lane[0] = q[0][i];
    pair.lane[1] = q[0][i + 1];
    out.write(pair);
  }
}
void store_vector(hls::stream<Pair>& in, Pair out[205]) {
#pragma HLS INTERFACE m_axi port = out bundle = gmem2
  for (int i = 0; i < 205; i++) {
#pragma HLS PIPELINE II = 1
    out[i] = in.read();
  }
}
void read_tiles(float a[26][16][1][16], hls::stream<Word>& in) {
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 16 dim = 2
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 16 dim = 4
  for (int row = 0; row < 416; row++) {
#pragma HLS PIPELINE II = 1
    const Word word = in.read();
    for (int lane = 0; lane < 16; lane++) a[row / 16][row % 16][0][lane] = word.lane[lane];
  }
}
void multiply_16(float s[1][16], float a[26][16][1][16], float r[26][16]) {
#pragma HLS ARRAY_PARTITION variable = s cyclic factor = 16 dim = 2
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 16 dim = 2
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 16 dim = 4
#pragma HLS ARRAY_PARTITION variable = r cyclic factor = 16 dim = 2
  for (int i0 = 0; i0 < 25; i0++) {
#pragma HLS PIPELINE II = 2
    for (int j = 0; j < 16; j++) {
#pragma HLS UNROLL
      for (int i = 0; i < 16; i++) {
#pragma HLS UNROLL
        s[0][j] = s[0][j] + r[i0][i] * a[i0][i][0][j];
      }
    }
  }
}
void multiply_10(float q[1][10], float a[1][10][25][16], float p[25][16]) {
#pragma HLS ARRAY_PARTITION variable = q cyclic factor = 10 dim = 2
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 10 dim = 2
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = 16 dim = 4
#pragma HLS ARRAY_PARTITION variable = p cyclic factor = 16 dim = 2
  for (int j0 = 0; j0 < 24; j0++) {
#pragma HLS PIPELINE II = 2
    for (int i = 0; i < 10; i++) {
#pragma HLS UNROLL
      for (int j = 0; j < 16; j++) {
#pragma HLS UNROLL
        q[0][i] = q[0][i] + a[0][i][j0][j] * p[j0][j];
      }
    }
  }
}
}
