// SPDX-License-Identifier: Apache-2.0
// PolyBench kernels as Allo's schedules write them and Prometheus' authors synthesised them (4.00 ns, Vitis
// kernel flow, unsafe math): an outer loop with PIPELINE II=1, partitioned rows. Written anew.
#include <hls_stream.h>

using Fifo = hls::stream<float>;

extern "C" {
void load_matrix(float in[36000], float out[180][200]) {
#pragma HLS INTERFACE m_axi port = in bundle = gmem0
  for (int i = 0; i < 180; i++) {
    for (int j = 0; j < 200; j++) {
#pragma HLS PIPELINE II = 1
      out[i][j] = in[i * 200 + j];
    }
  }
}
void three_mm_first(float a[180][200], float b[200][190], Fifo& out, int i) {
#pragma HLS ARRAY_PARTITION variable = b complete dim = 2
  float sum[190];
#pragma HLS ARRAY_PARTITION variable = sum complete dim = 1
  for (int j = 0; j < 190; j++) {
#pragma HLS PIPELINE II = 1
    sum[j] = 0;
  }
  for (int k = 0; k < 200; k++) {
#pragma HLS PIPELINE II = 1
    for (int j = 0; j < 190; j++) sum[j] += a[i][k] * b[k][j];
  }
  for (int j = 0; j < 190; j++) {
#pragma HLS PIPELINE II = 1
    out.write(sum[j]);
  }
}
void three_mm_third(Fifo& in, float b[190][210], float sum[210]) {
#pragma HLS ARRAY_PARTITION variable = b complete dim = 2
#pragma HLS ARRAY_PARTITION variable = sum complete dim = 1
  for (int k = 0; k < 190; k++) {
#pragma HLS PIPELINE II = 1
    const float x = in.read();
    for (int j = 0; j < 210; j++) sum[j] += x * b[k][j];
  }
}
void bicg_rows(float a[410][390], float r[410], float s[390]) {
#pragma HLS ARRAY_PARTITION variable = a complete dim = 2
#pragma HLS ARRAY_PARTITION variable = s complete dim = 1
  for (int i = 0; i < 410; i++) {
#pragma HLS PIPELINE II = 1
    const float x = r[i];
    for (int j = 0; j < 390; j++) s[j] = s[j] + x * a[i][j];
  }
}
void bicg_columns(float a[410][390], float p[390], float q[410]) {
#pragma HLS ARRAY_PARTITION variable = a complete dim = 1
#pragma HLS ARRAY_PARTITION variable = q complete dim = 1
  for (int j = 0; j < 390; j++) {
#pragma HLS PIPELINE II = 1
    for (int i = 0; i < 410; i++) q[i] = q[i] + a[i][j] * p[j];
  }
}
void gesummv_sums(Fifo& start, Fifo& y_out, float a[250][250], float b[250][250], float x[250], Fifo& t_out) {
#pragma HLS ARRAY_PARTITION variable = a complete dim = 1
#pragma HLS ARRAY_PARTITION variable = b complete dim = 1
  float t[250], y[250];
#pragma HLS ARRAY_PARTITION variable = t complete dim = 0
#pragma HLS ARRAY_PARTITION variable = y complete dim = 0
  for (int i = 0; i < 250; i++) {
#pragma HLS UNROLL
    t[i] = 0;
  }
  for (int i = 0; i < 250; i++) {
#pragma HLS PIPELINE II = 1
    y[i] = start.read();
  }
  for (int j = 0; j < 250; j++) {
#pragma HLS PIPELINE II = 1
    for (int i = 0; i < 250; i++) {
      t[i] = t[i] + a[i][j] * x[j];
      y[i] = y[i] + b[i][j] * x[j];
    }
  }
  for (int i = 0; i < 250; i++) {
    t_out.write(t[i]);
    y_out.write(y[i]);
  }
}
void gesummv_end(Fifo& y_in, float out[250], Fifo& t_in) {
  for (int i = 0; i < 250; i++) {
#pragma HLS PIPELINE II = 1
    const float first = t_in.read() * 0.1;
    const float second = y_in.read() * 0.1;
    out[i] = first + second;
  }
}
void syrk_scale(float in[240][240], float out[240][240]) {
#pragma HLS ARRAY_PARTITION variable = in complete dim = 2
#pragma HLS ARRAY_PARTITION variable = out complete dim = 2
  for (int i = 0; i < 240; i++) {
#pragma HLS PIPELINE II = 1
    for (int j = 0; j < 240; j++) {
      if (j <= i) out[i][j] = in[i][j] * 1.2;
    }
  }
}
void syrk_sums(float a[240][200], float b[240][200], float in[240][240], float out[240][240]) {
#pragma HLS ARRAY_PARTITION variable = b complete dim = 1
#pragma HLS ARRAY_PARTITION variable = in complete dim = 2
#pragma HLS ARRAY_PARTITION variable = out complete dim = 2
  float kept[240][240];
#pragma HLS ARRAY_PARTITION variable = kept complete dim = 2
  for (int i = 0; i < 240; i++) {
#pragma HLS PIPELINE II = 1
    for (int j = 0; j < 240; j++) kept[i][j] = in[i][j];
  }
  for (int i = 0; i < 240; i++) {
    for (int k = 0; k < 200; k++) {
#pragma HLS PIPELINE II = 1
      for (int j = 0; j < 240; j++) {
        if (j <= i) {
          const float scaled = a[i][k] * 1.5;
          kept[i][j] = kept[i][j] + scaled * b[j][k];
        }
      }
    }
  }
  for (int i = 0; i < 240; i++) {
#pragma HLS PIPELINE II = 1
    for (int j = 0; j < 240; j++) out[i][j] = kept[i][j];
  }
}
void mvt_rows(float x[400], float out[400], float a[400][400], float y[400]) {
#pragma HLS ARRAY_PARTITION variable = a complete dim = 2
#pragma HLS ARRAY_PARTITION variable = y complete dim = 1
  for (int i = 0; i < 400; i++) {
#pragma HLS PIPELINE II = 1
    float sum = x[i];
    for (int j = 0; j < 400; j++) sum += a[i][j] * y[j];
    out[i] = sum;
  }
}
void mvt_columns(float x[400], float out[400], float a[400][400], float y[400]) {
#pragma HLS ARRAY_PARTITION variable = a complete dim = 1
#pragma HLS ARRAY_PARTITION variable = y complete dim = 1
  for (int i = 0; i < 400; i++) {
#pragma HLS PIPELINE II = 1
    float sum = x[i];
    for (int j = 0; j < 400; j++) sum += a[j][i] * y[j];
    out[i] = sum;
  }
}
void trmm_sums(float a[200][200], float b[200][240]) {
#pragma HLS ARRAY_PARTITION variable = b cyclic dim = 2 factor = 20
  for (int i = 0; i < 200; i++) {
    float kept[240];
#pragma HLS ARRAY_PARTITION variable = kept cyclic dim = 1 factor = 20
    for (int j = 0; j < 240; j++) {
#pragma HLS PIPELINE II = 1
#pragma HLS UNROLL factor = 20
      kept[j] = b[i][j];
    }
    for (int k = 0; k < 200; k++) {
      for (int j = 0; j < 240; j++) {
#pragma HLS PIPELINE II = 1
#pragma HLS UNROLL factor = 20
        if (k > i) {
          const float x = kept[j];
          kept[j] = x + a[k][i] * x;
        }
      }
    }
    for (int j = 0; j < 240; j++) {
#pragma HLS PIPELINE II = 1
#pragma HLS UNROLL factor = 20
      b[i][j] = kept[j];
    }
  }
}
void trmm_scale(float b[200][240]) {
#pragma HLS ARRAY_PARTITION variable = b cyclic dim = 2 factor = 20
  for (int i = 0; i < 200; i++) {
    for (int j = 0; j < 240; j++) {
#pragma HLS PIPELINE II = 1
#pragma HLS UNROLL factor = 20
      b[i][j] = b[i][j] * 1.5;
    }
  }
}
}
