// SPDX-License-Identifier: Apache-2.0
// Kernels of PolyBench and of linear algebra as HLStrans synthesised them without pragmas, written anew: a
// function a design, its loops in the order of published.yaml.
#include <math.h>

namespace {

constexpr int kSide = 64;
using Square = float[kSide][kSide];

}  // namespace

extern "C" {
// --- single precision, 64 x 64, inputs copied to local arrays first ---
void gemm(float alpha, float beta, Square a, Square b, Square c, Square out) {
  Square la, lb, lc, sum;
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      la[i][j] = a[i][j];
      lb[i][j] = b[i][j];
      lc[i][j] = c[i][j];
      sum[i][j] = 0;
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) sum[i][j] = alpha * la[i][k] * lb[k][j] + sum[i][j];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) lc[i][j] = beta * lc[i][j] + sum[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) out[i][j] = lc[i][j];
  }
}
void k2mm(float alpha, float beta, Square a, Square b, Square c, Square d, Square out) {
  Square la, lb, lc, ld, le, first, second;
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      la[i][j] = a[i][j];
      lb[i][j] = b[i][j];
      lc[i][j] = c[i][j];
      ld[i][j] = d[i][j];
      le[i][j] = 0;
      first[i][j] = 0;
      second[i][j] = 0;
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) first[i][j] += alpha * la[i][k] * lb[k][j];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) second[i][j] += first[i][k] * lc[k][j];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) le[i][j] = second[i][j] + beta * ld[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) out[i][j] = le[i][j];
  }
}
void k3mm(Square a, Square b, Square c, Square d, Square out) {
  Square la, lb, lc, ld, ab, cd, all;
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      la[i][j] = a[i][j];
      lb[i][j] = b[i][j];
      lc[i][j] = c[i][j];
      ld[i][j] = d[i][j];
      ab[i][j] = 0;
      cd[i][j] = 0;
      all[i][j] = 0;
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) ab[i][j] += la[i][k] * lb[k][j];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) cd[i][j] += lc[i][k] * ld[k][j];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) all[i][j] += ab[i][k] * cd[k][j];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) out[i][j] = all[i][j];
  }
}
void syrk(float alpha, float beta, Square a, Square b, Square out) {
  Square left, right, lb, lc;
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      left[i][j] = a[i][j];
      right[i][j] = a[i][j];
      lb[i][j] = b[i][j];
      lc[i][j] = 0;
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) lc[i][j] += alpha * left[i][k] * right[j][k];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) lc[i][j] += beta * lb[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      if (j > i) {
        out[i][j] = 0;
      } else {
        out[i][j] = lc[i][j];
      }
    }
  }
}
void syr2k(float alpha, float beta, Square a, Square b, Square c, Square out) {
  Square a0, a1, b0, b1, lc, all, first, second;
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      a0[i][j] = a[i][j];
      a1[i][j] = a[i][j];
      b0[i][j] = b[i][j];
      b1[i][j] = b[i][j];
      lc[i][j] = c[i][j];
      all[i][j] = 0;
      first[i][j] = 0;
      second[i][j] = 0;
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) first[i][j] += alpha * a0[i][k] * b0[j][k];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      for (int k = 0; k < kSide; k++) second[i][j] += alpha * b0[i][k] * a1[j][k];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) all[i][j] = first[i][j] + second[i][j] + beta * lc[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      if (j > i) {
        out[i][j] = 0;
      } else {
        out[i][j] = all[i][j];
      }
    }
  }
}
void atax(Square a, float x[kSide], float out[kSide]) {
  Square la;
  float lx[kSide], product[kSide], y[kSide];
  for (int i = 0; i < kSide; i++) {
    lx[i] = x[i];
    product[i] = 0;
    y[i] = 0;
    for (int j = 0; j < kSide; j++) la[i][j] = a[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) product[i] += la[i][j] * lx[j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) y[j] += la[i][j] * product[i];
  }
  for (int i = 0; i < kSide; i++) out[i] = y[i];
}
void bicg(Square a, float p[kSide], float r[kSide], float q_out[kSide], float s_out[kSide]) {
  Square la;
  float lp[kSide], lr[kSide], q[kSide], s[kSide];
  for (int i = 0; i < kSide; i++) {
    lp[i] = p[i];
    lr[i] = r[i];
    q[i] = 0;
    s[i] = 0;
    for (int j = 0; j < kSide; j++) la[i][j] = a[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) s[j] += lr[i] * la[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) q[i] += la[i][j] * lp[j];
  }
  for (int i = 0; i < kSide; i++) {
    q_out[i] = q[i];
    s_out[i] = s[i];
  }
}
void gesummv(float alpha, float beta, Square a, Square b, float x[kSide], float out[kSide]) {
  Square la, lb;
  float lx[kSide], y[kSide], first[kSide], second[kSide];
  for (int i = 0; i < kSide; i++) {
    lx[i] = x[i];
    first[i] = 0;
    second[i] = 0;
    y[i] = 0;
    for (int j = 0; j < kSide; j++) {
      la[i][j] = a[i][j];
      lb[i][j] = b[i][j];
    }
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) first[i] += alpha * la[i][j] * lx[j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) second[i] += beta * lb[i][j] * lx[j];
  }
  for (int i = 0; i < kSide; i++) y[i] = first[i] + second[i];
  for (int i = 0; i < kSide; i++) out[i] = y[i];
}
void mvt(Square a, float x1[kSide], float x2[kSide], float y1[kSide], float y2[kSide], float out1[kSide],
         float out2[kSide]) {
  Square la;
  float lx1[kSide], lx2[kSide], ly1[kSide], ly2[kSide];
  for (int i = 0; i < kSide; i++) {
    lx1[i] = x1[i];
    lx2[i] = x2[i];
    ly1[i] = y1[i];
    ly2[i] = y2[i];
    for (int j = 0; j < kSide; j++) la[i][j] = a[i][j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) lx1[i] = lx1[i] + la[i][j] * ly1[j];
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) lx2[i] = lx2[i] + la[j][i] * ly2[j];
  }
  for (int i = 0; i < kSide; i++) {
    out1[i] = lx1[i];
    out2[i] = lx2[i];
  }
}

// --- double precision, arrays of the interface ---
void correlation(double n, double data[100][80], double result[80][80], double mean[80],
                 double deviation[80]) {
  for (int j = 0; j < 80; j++) {
    mean[j] = 0.0;
    for (int i = 0; i < 100; i++) mean[j] += data[i][j];
    mean[j] /= n;
  }
  for (int j = 0; j < 80; j++) {
    deviation[j] = 0.0;
    for (int i = 0; i < 100; i++) {
      // The report has a pow() here: not compared.
      const double d = data[i][j] - mean[j];
      deviation[j] += d * d;
    }
    deviation[j] /= n;
    deviation[j] = sqrt(deviation[j]);
    deviation[j] = deviation[j] <= 0.1 ? 1.0 : deviation[j];
  }
  for (int i = 0; i < 100; i++) {
    for (int j = 0; j < 80; j++) {
      data[i][j] -= mean[j];
      data[i][j] /= sqrt(n) * deviation[j];
    }
  }
  for (int i = 0; i < 79; i++) {
    result[i][i] = 1.0;
    for (int j = i + 1; j < 80; j++) {
      result[i][j] = 0.0;
      for (int k = 0; k < 100; k++) result[i][j] += data[k][i] * data[k][j];
      result[j][i] = result[i][j];
    }
  }
  result[79][79] = 1.0;
}
void covariance(double n, double data[100][80], double result[80][80], double mean[80]) {
  for (int j = 0; j < 80; j++) {
    mean[j] = 0.0;
    for (int i = 0; i < 100; i++) mean[j] += data[i][j];
    mean[j] /= n;
  }
  for (int i = 0; i < 100; i++) {
    for (int j = 0; j < 80; j++) data[i][j] -= mean[j];
  }
  for (int i = 0; i < 80; i++) {
    for (int j = i; j < 80; j++) {
      result[i][j] = 0.0;
      for (int k = 0; k < 100; k++) result[i][j] += data[k][i] * data[k][j];
      result[i][j] /= n - 1.0;
      result[j][i] = result[i][j];
    }
  }
}
void doitgen(double a[25][20][30], double c[30][30], double sum[30]) {
  for (int r = 0; r < 25; r++) {
    for (int q = 0; q < 20; q++) {
      for (int p = 0; p < 30; p++) {
        sum[p] = 0.0;
        for (int s = 0; s < 30; s++) sum[p] += a[r][q][s] * c[s][p];
      }
      for (int p = 0; p < 30; p++) a[r][q][p] = sum[p];
    }
  }
}
void durbin(double r[40], double y[40]) {
  double z[40];
  y[0] = -r[0];
  double beta = 1.0, alpha = -r[0];
  for (int k = 1; k < 40; k++) {
    beta = (1 - alpha * alpha) * beta;
    double sum = 0.0;
    for (int i = 0; i < k; i++) sum += r[k - i - 1] * y[i];
    alpha = -(r[k] + sum) / beta;
    for (int i = 0; i < k; i++) z[i] = y[i] + alpha * y[k - i - 1];
    for (int i = 0; i < k; i++) y[i] = z[i];
    y[k] = alpha;
  }
}
void fdtd_2d(double ex[60][80], double ey[60][80], double hz[60][80], double source[40]) {
  for (int t = 0; t < 40; t++) {
    for (int j = 0; j < 80; j++) ey[0][j] = source[t];
    for (int i = 1; i < 60; i++) {
      for (int j = 0; j < 80; j++) ey[i][j] = ey[i][j] - 0.5 * (hz[i][j] - hz[i - 1][j]);
    }
    for (int i = 0; i < 60; i++) {
      for (int j = 1; j < 80; j++) ex[i][j] = ex[i][j] - 0.5 * (hz[i][j] - hz[i][j - 1]);
    }
    for (int i = 0; i < 59; i++) {
      for (int j = 0; j < 79; j++)
        hz[i][j] = hz[i][j] - 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
    }
  }
}
void gramschmidt(double a[20][30], double r[30][30], double q[20][30]) {
  for (int k = 0; k < 30; k++) {
    double norm = 0.0;
    for (int i = 0; i < 20; i++) norm += a[i][k] * a[i][k];
    r[k][k] = sqrt(norm);
    for (int i = 0; i < 20; i++) q[i][k] = a[i][k] / r[k][k];
    for (int j = k + 1; j < 30; j++) {
      r[k][j] = 0.0;
      for (int i = 0; i < 20; i++) r[k][j] += q[i][k] * a[i][j];
      for (int i = 0; i < 20; i++) a[i][j] = a[i][j] - q[i][k] * r[k][j];
    }
  }
}
void heat_3d(double a[20][20][20], double b[20][20][20]) {
  for (int t = 0; t < 40; t++) {
    for (int i = 1; i < 19; i++) {
      for (int j = 1; j < 19; j++) {
        for (int k = 1; k < 19; k++) {
          b[i][j][k] = 0.125 * (a[i + 1][j][k] - 2.0 * a[i][j][k] + a[i - 1][j][k]) +
                       0.125 * (a[i][j + 1][k] - 2.0 * a[i][j][k] + a[i][j - 1][k]) +
                       0.125 * (a[i][j][k + 1] - 2.0 * a[i][j][k] + a[i][j][k - 1]) + a[i][j][k];
        }
      }
    }
    for (int i = 1; i < 19; i++) {
      for (int j = 1; j < 19; j++) {
        for (int k = 1; k < 19; k++) {
          a[i][j][k] = 0.125 * (b[i + 1][j][k] - 2.0 * b[i][j][k] + b[i - 1][j][k]) +
                       0.125 * (b[i][j + 1][k] - 2.0 * b[i][j][k] + b[i][j - 1][k]) +
                       0.125 * (b[i][j][k + 1] - 2.0 * b[i][j][k] + b[i][j][k - 1]) + b[i][j][k];
        }
      }
    }
  }
}
void jacobi_1d(double a[120], double b[120]) {
  for (int t = 0; t < 40; t++) {
    for (int i = 1; i < 119; i++) b[i] = 0.33333 * (a[i - 1] + a[i] + a[i + 1]);
    for (int i = 1; i < 119; i++) a[i] = 0.33333 * (b[i - 1] + b[i] + b[i + 1]);
  }
}
void jacobi_2d(double a[90][90], double b[90][90]) {
  for (int t = 0; t < 40; t++) {
    for (int i = 1; i < 89; i++) {
      for (int j = 1; j < 89; j++)
        b[i][j] = 0.2 * (a[i][j] + a[i][j - 1] + a[i][j + 1] + a[i + 1][j] + a[i - 1][j]);
    }
    for (int i = 1; i < 89; i++) {
      for (int j = 1; j < 89; j++)
        a[i][j] = 0.2 * (b[i][j] + b[i][j - 1] + b[i][j + 1] + b[i + 1][j] + b[i - 1][j]);
    }
  }
}
void lu(double a[40][40]) {
  for (int i = 0; i < 40; i++) {
    for (int j = 0; j < i; j++) {
      for (int k = 0; k < j; k++) a[i][j] -= a[i][k] * a[k][j];
      a[i][j] /= a[j][j];
    }
    for (int j = i; j < 40; j++) {
      for (int k = 0; k < i; k++) a[i][j] -= a[i][k] * a[k][j];
    }
  }
}
void ludcmp(double a[40][40], double b[40], double x[40], double y[40]) {
  for (int i = 0; i < 40; i++) {
    for (int j = 0; j < i; j++) {
      double w = a[i][j];
      for (int k = 0; k < j; k++) w -= a[i][k] * a[k][j];
      a[i][j] = w / a[j][j];
    }
    for (int j = i; j < 40; j++) {
      double w = a[i][j];
      for (int k = 0; k < i; k++) w -= a[i][k] * a[k][j];
      a[i][j] = w;
    }
  }
  for (int i = 0; i < 40; i++) {
    double w = b[i];
    for (int j = 0; j < i; j++) w -= a[i][j] * y[j];
    y[i] = w;
  }
  for (int i = 39; i >= 0; i--) {
    double w = y[i];
    for (int j = i + 1; j < 40; j++) w -= a[i][j] * x[j];
    x[i] = w / a[i][i];
  }
}
void seidel(double a[120][120]) {
  for (int t = 0; t < 40; t++) {
    for (int i = 1; i < 119; i++) {
      for (int j = 1; j < 119; j++) {
        a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] + a[i][j - 1] + a[i][j] + a[i][j + 1] +
                   a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1]) /
                  9.0;
      }
    }
  }
}
void trisolv(double l[40][40], double x[40], double b[40]) {
  for (int i = 0; i < 40; i++) {
    x[i] = b[i];
    for (int j = 0; j < i; j++) x[i] -= l[i][j] * x[j];
    x[i] = x[i] / l[i][i];
  }
}
void adi(double u[60][60], double v[60][60], double p[60][60], double q[60][60]) {
  const double dx = 1.0 / 60, dt = 1.0 / 40;
  const double rows = 2.0 * dt / (dx * dx), columns = 1.0 * dt / (dx * dx);
  const double a = -rows / 2.0, b = 1.0 + rows, c = a;
  const double d = -columns / 2.0, e = 1.0 + columns, f = d;
  for (int t = 0; t < 40; t++) {
    for (int i = 1; i < 59; i++) {
      v[0][i] = 1.0;
      p[i][0] = 0.0;
      q[i][0] = v[0][i];
      for (int j = 1; j < 59; j++) {
        p[i][j] = -c / (a * p[i][j - 1] + b);
        q[i][j] = (-d * u[j][i - 1] + (1.0 + 2.0 * d) * u[j][i] - f * u[j][i + 1] - a * q[i][j - 1]) /
                  (a * p[i][j - 1] + b);
      }
      v[59][i] = 1.0;
      for (int j = 58; j >= 1; j--) v[j][i] = p[i][j] * v[j + 1][i] + q[i][j];
    }
    for (int i = 1; i < 59; i++) {
      u[i][0] = 1.0;
      p[i][0] = 0.0;
      q[i][0] = u[i][0];
      for (int j = 1; j < 59; j++) {
        p[i][j] = -f / (d * p[i][j - 1] + e);
        q[i][j] = (-a * v[i - 1][j] + (1.0 + 2.0 * a) * v[i][j] - c * v[i + 1][j] - d * q[i][j - 1]) /
                  (d * p[i][j - 1] + e);
      }
      u[i][59] = 1.0;
      for (int j = 58; j >= 1; j--) u[i][j] = p[i][j] * u[i][j + 1] + q[i][j];
    }
  }
}

// --- integers ---
void fir(int input, int* output, int taps[20]) {
  static int line[20] = {};
  int sum = 0;
  for (int i = 19; i > 0; i--) line[i] = line[i - 1];
  line[0] = input;
  for (int i = 0; i < 20; i++) sum += line[i] * taps[i];
  *output = sum;
}
void histogram(int in[10240], int bins[256]) {
  for (int i = 0; i < 10240; i++) bins[in[i]] += 1;
}
void floyd_warshall(int path[60][60]) {
  for (int k = 0; k < 60; k++) {
    for (int i = 0; i < 60; i++) {
      for (int j = 0; j < 60; j++) {
        const int through = path[i][k] + path[k][j];
        path[i][j] = path[i][j] < through ? path[i][j] : through;
      }
    }
  }
}
void nussinov(char sequence[60], int table[60][60]) {
  for (int i = 59; i >= 0; i--) {
    for (int j = i + 1; j < 60; j++) {
      if (table[i][j] < table[i][j - 1]) table[i][j] = table[i][j - 1];
      if (i + 1 < 60 && table[i][j] < table[i + 1][j]) table[i][j] = table[i + 1][j];
      if (i + 1 < 60) {
        const int pair = i < j - 1 && sequence[i] + sequence[j] == 3 ? 1 : 0;
        if (table[i][j] < table[i + 1][j - 1] + pair) table[i][j] = table[i + 1][j - 1] + pair;
      }
      for (int k = i + 1; k < j; k++) {
        const int split = table[i][k] + table[k + 1][j];
        table[i][j] = table[i][j] >= split ? table[i][j] : split;
      }
    }
  }
}

// --- single precision, loops that data ends ---
void insert_sort(float a[10240]) {
  for (int i = 1; i < 10240; i++) {
    const float item = a[i];
    int j = i;
    while (j > 0 && a[j - 1] > item) {
      a[j] = a[j - 1];
      j--;
    }
    a[j] = item;
  }
}
void merge_sort(float a[16]) {
  float merged[16];
  for (int width = 1; width < 16; width = 2 * width) {
    for (int first = 0; first < 16; first += 2 * width) {
      int middle = first + width, last = first + 2 * width;
      if (middle >= 16) middle = 16;
      if (last >= 16) last = 16;
      int left = first, right = middle;
      for (int i = first; i < last; i++) {
        if (left < middle && (right >= last || a[left] <= a[right])) {
          merged[i] = a[left++];
        } else {
          merged[i] = a[right++];
        }
      }
    }
    for (int i = 0; i < 16; i++) a[i] = merged[i];
  }
}
}
