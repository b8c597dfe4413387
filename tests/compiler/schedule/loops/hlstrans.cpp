// SPDX-License-Identifier: Apache-2.0
// Loops after published designs for xcu55c at 5 ns, written anew: a function a loop, named as in
// published.yaml.
#include <math.h>

extern "C" {
int fir_2(int delay[20], int taps[20]) {
  int sum = 0;
  for (int i = 0; i < 20; i++) sum += delay[i] * taps[i];
  return sum;
}
void histo(int in[10240], int bins[256]) {
  for (int i = 0; i < 10240; i++) bins[in[i]] += 1;
}
void gesum_5(float a[64], float b[64], float y[64]) {
  for (int i = 0; i < 64; i++) y[i] = a[i] + b[i];
}
void cov_sub(double data[80][100], double mean[100]) {
  for (int i = 0; i < 80; i++) {
    for (int j = 0; j < 100; j++) data[i][j] -= mean[j];
  }
}
double cov_dot(double data[100][80], int a, int b) {
  double sum = 0;
  for (int k = 0; k < 100; k++) sum += data[k][a] * data[k][b];
  return sum;
}
void gram_3(double a[20], double r, double q[20]) {
  for (int i = 0; i < 20; i++) q[i] = a[i] / r;
}
void jac1d(double a[120], double b[120]) {
  for (int i = 1; i < 119; i++) b[i] = 0.33333 * (a[i - 1] + a[i] + a[i + 1]);
}
void jac2d(double a[90][90], double b[90][90]) {
  for (int i = 1; i < 89; i++) {
    for (int j = 1; j < 89; j++)
      b[i][j] = 0.2 * (a[i][j] + a[i][j - 1] + a[i][j + 1] + a[i + 1][j] + a[i - 1][j]);
  }
}
void nc_gemm(double m1[4096], double m2[4096], double out[4096]) {
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 64; j++) {
      double sum = 0;
      for (int k = 0; k < 64; k++) sum += m1[i * 64 + k] * m2[k * 64 + j];
      out[i * 64 + j] = sum;
    }
  }
}
double spmv_ell(double values[1024], int columns[1024], double vector[1024]) {
  double sum = 0;
  for (int j = 0; j < 1024; j++) sum += values[j] * vector[columns[j]];
  return sum;
}
void doitgen_w(double sum[30], double a[30]) {
  for (int p = 0; p < 30; p++) a[p] = sum[p];
}
void cor_nrm(double d[80][100], double mean[100], double deviation[100]) {
  for (int i = 0; i < 80; i++) {
    for (int j = 0; j < 100; j++) d[i][j] = (d[i][j] - mean[j]) / (sqrt(80.0) * deviation[j]);
  }
}
void gemm_ax(float c[64][64], float beta) {
  float t[64][64];
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 64; j++) t[i][j] = 0;
  }
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 64; j++) c[i][j] = beta * c[i][j] + t[i][j];
  }
}
}
