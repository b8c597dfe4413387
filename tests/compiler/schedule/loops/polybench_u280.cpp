// SPDX-License-Identifier: Apache-2.0
// Kernels of PolyBench as Stream-HLS gave them to Vitis HLS: no pragmas, unsafe math. Written anew.

extern "C" {
void two_mm(float alpha, float beta, float a[180][210], float b[210][190], float c[190][220],
            float d[180][220], float t[180][190]) {
  for (int i = 0; i < 180; i++) {
    for (int j = 0; j < 190; j++) {
      t[i][j] = 0;
      for (int k = 0; k < 210; k++) t[i][j] += alpha * a[i][k] * b[k][j];
    }
  }
  for (int i = 0; i < 180; i++) {
    for (int j = 0; j < 220; j++) {
      d[i][j] *= beta;
      for (int k = 0; k < 190; k++) d[i][j] += t[i][k] * c[k][j];
    }
  }
}
void three_mm(float a[180][200], float b[200][190], float c[190][220], float d[220][210], float ab[180][190],
              float cd[190][210], float out[180][210]) {
  for (int i = 0; i < 180; i++) {
    for (int j = 0; j < 190; j++) {
      ab[i][j] = 0;
      for (int k = 0; k < 200; k++) ab[i][j] += a[i][k] * b[k][j];
    }
  }
  for (int i = 0; i < 190; i++) {
    for (int j = 0; j < 210; j++) {
      cd[i][j] = 0;
      for (int k = 0; k < 220; k++) cd[i][j] += c[i][k] * d[k][j];
    }
  }
  for (int i = 0; i < 180; i++) {
    for (int j = 0; j < 210; j++) {
      out[i][j] = 0;
      for (int k = 0; k < 190; k++) out[i][j] += ab[i][k] * cd[k][j];
    }
  }
}
void atax(float a[390][410], float x[410], float y[410], float t[390]) {
  for (int i = 0; i < 410; i++) y[i] = 0;
  for (int i = 0; i < 390; i++) {
    t[i] = 0;
    for (int j = 0; j < 410; j++) t[i] = t[i] + a[i][j] * x[j];
    for (int j = 0; j < 410; j++) y[j] = y[j] + a[i][j] * t[i];
  }
}
void bicg(float a[410][390], float s[390], float q[410], float p[390], float r[410]) {
  for (int i = 0; i < 390; i++) s[i] = 0;
  for (int i = 0; i < 410; i++) {
    q[i] = 0;
    for (int j = 0; j < 390; j++) {
      s[j] = s[j] + r[i] * a[i][j];
      q[i] = q[i] + a[i][j] * p[j];
    }
  }
}
void gemm(float alpha, float beta, float c[200][220], float a[200][240], float b[240][220]) {
  for (int i = 0; i < 200; i++) {
    for (int j = 0; j < 220; j++) c[i][j] *= beta;
    for (int k = 0; k < 240; k++) {
      for (int j = 0; j < 220; j++) c[i][j] += alpha * a[i][k] * b[k][j];
    }
  }
}
void gesummv(float alpha, float beta, float a[250][250], float b[250][250], float t[250], float x[250],
             float y[250]) {
  for (int i = 0; i < 250; i++) {
    t[i] = 0;
    y[i] = 0;
    for (int j = 0; j < 250; j++) {
      t[i] = a[i][j] * x[j] + t[i];
      y[i] = b[i][j] * x[j] + y[i];
    }
    y[i] = alpha * t[i] + beta * y[i];
  }
}
void mvt(float x1[400], float x2[400], float y1[400], float y2[400], float a[400][400]) {
  for (int i = 0; i < 400; i++) {
    for (int j = 0; j < 400; j++) x1[i] = x1[i] + a[i][j] * y1[j];
  }
  for (int i = 0; i < 400; i++) {
    for (int j = 0; j < 400; j++) x2[i] = x2[i] + a[j][i] * y2[j];
  }
}
}
