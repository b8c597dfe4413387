// SPDX-License-Identifier: Apache-2.0
// Kernels of MachSuite as HLStrans synthesised them without pragmas, written anew from what they compute: a
// function a design, its loops in the order of published.yaml.
#include <stdint.h>

namespace {

constexpr int kBuckets = 2048, kBlocks = 512, kScanBlock = 16, kScanRadix = 128;

void Histogram(int bucket[kBuckets], int keys[2048], int shift) {
  for (int block = 0; block < kBlocks; block++) {
    for (int i = 0; i < 4; i++) {
      const int place = ((keys[block * 4 + i] >> shift) & 3) * kBlocks + block + 1;
      bucket[place]++;
    }
  }
}
void Scatter(int to[2048], int bucket[kBuckets], int from[2048], int shift) {
  for (int block = 0; block < kBlocks; block++) {
    for (int i = 0; i < 4; i++) {
      const int place = ((from[block * 4 + i] >> shift) & 3) * kBlocks + block;
      to[bucket[place]] = from[block * 4 + i];
      bucket[place]++;
    }
  }
}

struct Vector {
  double x, y, z;
};

// The force between two atoms, as Lennard and Jones model it, over their distance.
double Force(double dx, double dy, double dz) {
  const double inverse = 1.0 / (dx * dx + dy * dy + dz * dz);
  const double sixth = inverse * inverse * inverse;
  return inverse * (sixth * (1.5 * sixth - 2.0));
}

}  // namespace

extern "C" {
void bfs(uint64_t nodes[256][2], uint64_t edges[4096], uint64_t start, int8_t level[256],
         uint64_t counts[10]) {
  uint64_t queue[256];
  uint64_t in = 1, out = 0;
  level[start] = 0;
  counts[0] = 1;
  queue[in == 0 ? 255 : in - 1] = start;
  in = (in + 1) % 256;
  for (int step = 0; step < 256; step++) {
    if (in > out ? in == out + 1 : in == 0 && out == 255) break;
    const uint64_t node = queue[out];
    out = (out + 1) % 256;
    uint64_t edge = nodes[node][0];
    const uint64_t end = nodes[node][1];
    for (int i = 0; i < 158; i++) {
      if (edge < end) {
        const uint64_t other = edges[edge];
        if (level[other] == 127) {
          const int8_t next = level[node] + 1;
          level[other] = next;
          ++counts[next];
          queue[in == 0 ? 255 : in - 1] = other;
          in = (in + 1) % 256;
        }
      }
      edge++;
    }
  }
}
void gemm_blocked(double a[4096], double b[4096], double out[4096]) {
  for (int jj = 0; jj < 64; jj += 8) {
    for (int kk = 0; kk < 64; kk += 8) {
      for (int i = 0; i < 64; i++) {
        for (int k = 0; k < 8; k++) {
          const double left = a[i * 64 + k + kk];
          for (int j = 0; j < 8; j++) out[i * 64 + j + jj] += left * b[(k + kk) * 64 + j + jj];
        }
      }
    }
  }
}
void gemm_ncubed(double a[4096], double b[4096], double out[4096]) {
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 64; j++) {
      double sum = 0;
      for (int k = 0; k < 64; k++) sum += a[i * 64 + k] * b[k * 64 + j];
      out[i * 64 + j] = sum;
    }
  }
}
void md_grid(int counts[4][4][4], Vector force[4][4][4][10], Vector position[4][4][4][10]) {
  for (int cell = 0; cell < 64; cell++) {
    const int x = cell / 16, y = cell / 4 % 4, z = cell % 4;
    for (int near = 0; near < 27; near++) {
      const int nx = near / 9, ny = near / 3 % 3, nz = near % 3;
      const int others = counts[nx][ny][nz];
      for (int i = 0; i < counts[x][y][z]; i++) {
        const Vector p = position[x][y][z][i];
        double fx = force[x][y][z][i].x, fy = force[x][y][z][i].y, fz = force[x][y][z][i].z;
        for (int j = 0; j < others; j++) {
          const Vector q = position[nx][ny][nz][j];
          if (q.x != p.x || q.y != p.y || q.z != p.z) {
            const double dx = p.x - q.x, dy = p.y - q.y, dz = p.z - q.z;
            const double f = Force(dx, dy, dz);
            fx += f * dx;
            fy += f * dy;
            fz += f * dz;
          }
        }
        force[x][y][z][i].x = fx;
        force[x][y][z][i].y = fy;
        force[x][y][z][i].z = fz;
      }
    }
  }
}
// Only the product of the two trip counts is published.
void md_knn(double force_x[1024], double force_y[1024], double force_z[1024], double x[1024], double y[1024],
            double z[1024], int neighbours[1024 * 256]) {
  for (int i = 0; i < 1024; i++) {
    const double px = x[i], py = y[i], pz = z[i];
    double fx = 0, fy = 0, fz = 0;
    for (int j = 0; j < 256; j++) {
      const int other = neighbours[i * 256 + j];
      const double dx = px - x[other], dy = py - y[other], dz = pz - z[other];
      const double f = Force(dx, dy, dz);
      fx += dx * f;
      fy += dy * f;
      fz += dz * f;
    }
    force_x[i] = fx;
    force_y[i] = fy;
    force_z[i] = fz;
  }
}
void needleman_wunsch(char a[128], char b[128], char aligned_a[256], char aligned_b[256],
                      int score[129 * 129], char step[129 * 129]) {
  for (int i = 0; i < 129; i++) score[i] = -i;
  for (int j = 0; j < 129; j++) score[j * 129] = -j;
  for (int j = 1; j < 129; j++) {
    for (int i = 1; i < 129; i++) {
      const int match = a[i - 1] == b[j - 1] ? 1 : -1;
      const int above = (j - 1) * 129, row = j * 129;
      const int diagonal = score[above + i - 1] + match;
      const int up = score[above + i] - 1, left = score[row + i - 1] - 1;
      const int larger = up > left ? up : left;
      const int best = diagonal > larger ? diagonal : larger;
      score[row + i] = best;
      if (best == left) {
        step[row + i] = '<';
      } else if (best == up) {
        step[row + i] = '^';
      } else {
        step[row + i] = '\\';
      }
    }
  }
  int i = 128, j = 128, to_a = 0, to_b = 0;
  while (i > 0 || j > 0) {
    const int row = j * 129;
    if (step[row + i] == '\\') {
      aligned_a[to_a++] = a[i - 1];
      aligned_b[to_b++] = b[j - 1];
      i--;
      j--;
    } else if (step[row + i] == '<') {
      aligned_a[to_a++] = a[i - 1];
      aligned_b[to_b++] = '-';
      i--;
    } else {
      aligned_a[to_a++] = '-';
      aligned_b[to_b++] = b[j - 1];
      j--;
    }
  }
  for (; to_a < 256; to_a++) aligned_a[to_a] = '_';
  for (; to_b < 256; to_b++) aligned_b[to_b] = '_';
}
void merge(int a[2048], int start, int middle, int stop) {
  int copy[2048];
  for (int i = start; i <= middle; i++) copy[i] = a[i];
  for (int j = middle + 1; j <= stop; j++) copy[middle + 1 + stop - j] = a[j];
  int i = start, j = stop;
  for (int k = start; k <= stop; k++) {
    const int right = copy[j], left = copy[i];
    if (right < left) {
      a[k] = right;
      j--;
    } else {
      a[k] = left;
      i++;
    }
  }
}
void sort_radix(int a[2048], int b[2048], int bucket[kBuckets], int sum[kScanRadix]) {
  bool in_a = true;
  for (int shift = 0; shift < 32; shift += 2) {
    for (int i = 0; i < kBuckets; i++) bucket[i] = 0;
    if (in_a) {
      Histogram(bucket, a, shift);
    } else {
      Histogram(bucket, b, shift);
    }
    for (int radix = 0; radix < kScanRadix; radix++) {
      for (int i = 1; i < kScanBlock; i++) {
        bucket[radix * kScanBlock + i] += bucket[radix * kScanBlock + i - 1];
      }
    }
    sum[0] = 0;
    for (int radix = 1; radix < kScanRadix; radix++) {
      sum[radix] = sum[radix - 1] + bucket[radix * kScanBlock - 1];
    }
    for (int radix = 0; radix < kScanRadix; radix++) {
      for (int i = 0; i < kScanBlock; i++) {
        bucket[radix * kScanBlock + i] = bucket[radix * kScanBlock + i] + sum[radix];
      }
    }
    if (in_a) {
      Scatter(b, bucket, a, shift);
    } else {
      Scatter(a, bucket, b, shift);
    }
    in_a = !in_a;
  }
}
void spmv_crs(double values[1666], int columns[1666], int first[495], double vector[494], double out[494]) {
  for (int i = 0; i < 494; i++) {
    double sum = 0;
    const int begin = first[i], end = first[i + 1];
    for (int j = begin; j < end; j++) sum += values[j] * vector[columns[j]];
    out[i] = sum;
  }
}
void spmv_ellpack(double values[1024 * 1024], int columns[1024 * 1024], double vector[1024],
                  double out[1024]) {
  for (int i = 0; i < 1024; i++) {
    double sum = out[i];
    for (int j = 0; j < 1024; j++) sum += values[j + i * 1024] * vector[columns[j + i * 1024]];
    out[i] = sum;
  }
}
void stencil_2d(int in[8192], int out[8192], int filter[9]) {
  for (int r = 0; r < 126; r++) {
    for (int c = 0; c < 62; c++) {
      int sum = 0;
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) sum += filter[i * 3 + j] * in[(r + i) * 64 + c + j];
      }
      out[r * 64 + c] = sum;
    }
  }
}
void stencil_3d(int factor[2], int in[16384], int out[16384]) {
  const auto at = [](int row, int column, int height) { return row + 16 * (column + 32 * height); };
  for (int j = 0; j < 32; j++) {
    for (int k = 0; k < 16; k++) {
      out[at(k, j, 0)] = in[at(k, j, 0)];
      out[at(k, j, 31)] = in[at(k, j, 31)];
    }
  }
  for (int i = 1; i < 31; i++) {
    for (int k = 0; k < 16; k++) {
      out[at(k, 0, i)] = in[at(k, 0, i)];
      out[at(k, 31, i)] = in[at(k, 31, i)];
    }
  }
  for (int i = 1; i < 31; i++) {
    for (int j = 1; j < 31; j++) {
      out[at(0, j, i)] = in[at(0, j, i)];
      out[at(15, j, i)] = in[at(15, j, i)];
    }
  }
  for (int i = 1; i < 31; i++) {
    for (int j = 1; j < 31; j++) {
      for (int k = 1; k < 15; k++) {
        const int middle = in[at(k, j, i)];
        const int around = in[at(k, j, i + 1)] + in[at(k, j, i - 1)] + in[at(k, j + 1, i)] +
                           in[at(k, j - 1, i)] + in[at(k + 1, j, i)] + in[at(k - 1, j, i)];
        out[at(k, j, i)] = middle * factor[0] + around * factor[1];
      }
    }
  }
}
void viterbi(uint8_t observed[140], double initial[64], double transition[4096], double emission[4096],
             uint8_t path[140]) {
  double likelihood[140][64];
  for (int s = 0; s < 64; s++) likelihood[0][s] = initial[s] + emission[s * 64 + observed[0]];
  for (int t = 1; t < 140; t++) {
    for (int s = 0; s < 64; s++) {
      double best = likelihood[t - 1][0] + transition[s] + emission[s * 64 + observed[t]];
      for (int before = 1; before < 64; before++) {
        const double p =
            likelihood[t - 1][before] + transition[before * 64 + s] + emission[s * 64 + observed[t]];
        if (p < best) best = p;
      }
      likelihood[t][s] = best;
    }
  }
  uint8_t state = 0;
  double best = likelihood[139][0];
  for (int s = 1; s < 64; s++) {
    const double p = likelihood[139][s];
    if (p < best) {
      best = p;
      state = s;
    }
  }
  path[139] = state;
  for (int t = 138; t >= 0; t--) {
    uint8_t from = 0;
    double least = likelihood[t][0] + transition[path[t + 1]];
    for (int s = 1; s < 64; s++) {
      const double p = likelihood[t][s] + transition[s * 64 + path[t + 1]];
      if (p < least) {
        least = p;
        from = s;
      }
    }
    path[t] = from;
  }
}
void aes_add_key(uint8_t data[16], uint8_t key[16]) {
  int i = 16;
  while (i--) data[i] ^= key[i];
}
void aes_substitute(uint8_t data[16], uint8_t table[256]) {
  int i = 16;
  while (i--) data[i] = table[data[i]];
}
}
