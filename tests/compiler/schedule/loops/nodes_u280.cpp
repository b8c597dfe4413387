// SPDX-License-Identifier: Apache-2.0
// Nodes of transformers and networks as Stream-HLS emits them: a process with FIFOs that one flattened loop
// with PIPELINE II=1 fills, unsafe math. Written anew from what each node does.
#include <hls_math.h>
#include <hls_stream.h>

using Fifo = hls::stream<float>;

namespace {

// out[i][j] = sum of row i of the FIFO and column j of `weights`, which the first row copies.
template <int ROWS, int COLUMNS, int DEPTH>
void Product(Fifo& in, float weights[DEPTH][COLUMNS], Fifo& out) {
  float kept[DEPTH][COLUMNS];
  float row[DEPTH];
  float sum[ROWS][COLUMNS];
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) {
      for (int k = 0; k < DEPTH; k++) {
#pragma HLS PIPELINE II = 1
        float x = j == 0 ? in.read() : row[k];
        if (j == 0) row[k] = x;
        float w = i == 0 ? weights[k][j] : kept[k][j];
        if (i == 0) kept[k][j] = w;
        const float before = k == 0 ? 0.0f : sum[i][j];
        const float after = before + x * w;
        sum[i][j] = after;
        if (k == DEPTH - 1) out.write(after);
      }
    }
  }
}

}  // namespace

extern "C" {
void read_matrix(float in[64][128], Fifo& out) {
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 128; j++) {
#pragma HLS PIPELINE II = 1
      out.write(in[i][j]);
    }
  }
}
void read_vector(float in[410], Fifo& out) {
  for (int i = 0; i < 410; i++) {
#pragma HLS PIPELINE II = 1
    out.write(in[i]);
  }
}
void product_128(Fifo& in, float weights[128][128], Fifo& out) { Product<64, 128, 128>(in, weights, out); }
void product_1024(Fifo& in, float weights[256][1024], Fifo& out) { Product<64, 1024, 256>(in, weights, out); }
void transpose(float in[128][128], Fifo& out) {
  for (int i = 0; i < 128; i++) {
    for (int j = 0; j < 128; j++) {
#pragma HLS PIPELINE II = 1
      out.write(in[j][i]);
    }
  }
}
void row_sum(Fifo& in, Fifo& out) {
  float sum[8][64];
  for (int h = 0; h < 8; h++) {
    for (int i = 0; i < 64; i++) {
      for (int j = 0; j < 64; j++) {
#pragma HLS PIPELINE II = 1
        const float before = j == 0 ? 0.0f : sum[h][i];
        const float after = before + in.read();
        sum[h][i] = after;
        if (j == 63) out.write(after);
      }
    }
  }
}
void exponential(Fifo& in, Fifo& largest, Fifo& first, Fifo& second) {
  float top = 0;
  for (int h = 0; h < 8; h++) {
    for (int i = 0; i < 64; i++) {
      for (int j = 0; j < 64; j++) {
#pragma HLS PIPELINE II = 1
        if (j == 0) top = largest.read();
        const float value = expf(in.read() - top);
        first.write(value);
        second.write(value);
      }
    }
  }
}
void row_max(Fifo& in, Fifo& out) {
  float top[8][64];
  for (int h = 0; h < 8; h++) {
    for (int i = 0; i < 64; i++) {
      for (int j = 0; j < 64; j++) {
#pragma HLS PIPELINE II = 1
        const float before = j == 0 ? -3.4e38f : top[h][i];
        const float value = in.read();
        const float after = value > before ? value : before;
        top[h][i] = after;
        if (j == 63) out.write(after);
      }
    }
  }
}
void activation(Fifo& in, float out[32][56][56]) {
  for (int c = 0; c < 32; c++) {
    for (int h = 0; h < 56; h++) {
      for (int w = 0; w < 56; w++) {
#pragma HLS PIPELINE II = 1
        const float x = in.read();
        out[c][h][w] = (x > 0.0f ? x : 0.0f) * 0.25f;
      }
    }
  }
}
}
