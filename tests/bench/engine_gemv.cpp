// SPDX-License-Identifier: Apache-2.0
// Milliseconds a step spends in the engine's arithmetic, for all matrix products of SmolLM2-135M
// (random weights): one thread, blocks read in place as the fast build does, without fibers. For tuning
// st::dot; prints what was measured, asserts nothing.
#include <xmmintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

#include "aligned_array.h"
#include "base/program.h"
#include "contract/limits.h"
#include "contract/tiles.h"
#include "st/dot.h"
#include "st/frames.h"

namespace {

namespace contract = streamtensor::contract;

constexpr int kMaxRows = contract::kMaxStepTokens;
constexpr int kMaxGroups = 48;
constexpr int kLayers = 30;
constexpr int kChannels = 4;

struct Product {
  st::issue issue;
  int times;
};

// q, k and v; o; gate and up; down; head.
const Product kProducts[] = {{{4, 18, 60, st::ROWS_T}, kLayers},
                             {{4, 18, 36, st::ROWS_T}, kLayers},
                             {{4, 18, 192, st::ROWS_T}, kLayers},
                             {{4, 48, 36, st::ROWS_T}, kLayers},
                             {{8, 18, 3072, st::ROWS_W}, 1}};

using Frame = st::word512[kMaxRows * kMaxGroups];

// CPU time of this thread: other load matters only if it slows the core.
double ThreadMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

// What st::run_issue does, without streams. Returns where this issue's blocks end.
void RunIssue(const st::issue& op, int rows, const Frame& frame, std::vector<const st::word512*>& channels,
              int& turn, st::word512* results) {
  st::row_sums sums[kMaxRows];
  st::row_tile_scales scales;
  st::word512 prepared[kMaxRows * kMaxGroups];
  const st::word512* const wide = st::prepare(op.bits, frame, rows * op.groups, prepared);
  const int blocks = contract::IssueBlocks(op.bits, op.groups, op.row_tiles);
  int left = op.groups * op.row_tiles;
  int group = 0;
  int written = 0;
  for (int b = 0; b < blocks; ++b) {
    const st::weight_block& block = *reinterpret_cast<const st::weight_block*>(channels[turn]);
    channels[turn] += contract::BlockWords(op.bits);
    turn = (turn + 1) % kChannels;
    const int tiles = std::min(left, contract::BlockTiles(op.bits));
    left -= tiles;
    for (int tile = 0; tile < tiles;) {
      const int run = std::min(op.groups - group, tiles - tile);
      const st::word512* const first_tile = block + tile * contract::TileWords(op.bits);
      const st::word512* first_scales = first_tile + contract::TileIntegerWords(op.bits);
      if (group == 0) {
        scales = st::split_unit(*first_scales);
        first_scales = &scales.scales;
      }
      st::dot(op.bits, first_tile, run, first_scales, frame + group, wide + group, op.groups, rows,
              group == 0, sums);
      tile += run;
      group += run;
      if (group == op.groups) {
        group = 0;
        for (int row = 0; row < rows; ++row) {
          results[written++ % 64] = st::finish(sums[row], scales, st::frame_scale(frame[row * op.groups]));
        }
      }
    }
  }
}

// Random integers, and scales as tiles hold them: the same sums for every instruction set.
void FillWeights(st::host::AlignedArray<st::word512>& weights, size_t channel_words,
                 std::mt19937_64& random) {
  for (st::word512& word : weights) {
    for (int i = 0; i < 8; ++i) word.range(64 * i + 63, 64 * i) = random();
  }
  std::vector<size_t> at;
  for (int c = 0; c < kChannels; ++c) at.push_back(c * channel_words);
  size_t turn = 0;
  const auto fill = [&](const st::issue& op) {
    for (int64_t b = 0; b < contract::IssueBlocks(op.bits, op.groups, op.row_tiles); ++b) {
      for (int tile = 0; tile < contract::BlockTiles(op.bits); ++tile) {
        st::word512& scales =
            weights
                .data()[at[turn] + tile * contract::TileWords(op.bits) + contract::TileIntegerWords(op.bits)];
        const bool first = (b * contract::BlockTiles(op.bits) + tile) % op.groups == 0;
        for (int row = 0; row < contract::kTileRows; ++row) {
          const int scale = static_cast<int>(random() % contract::kLargestScale);
          const int offset = static_cast<int>(random() % contract::kLargestOffset);
          st::set_lane_u32(scales, row, contract::TileScaleLane(scale, -offset, first, 110));
        }
      }
      at[turn] += contract::BlockWords(op.bits);
      turn = (turn + 1) % kChannels;
    }
  };
  for (int layer = 0; layer < kLayers; ++layer) {
    for (const Product& p : kProducts) {
      if (p.times == kLayers) fill(p.issue);
    }
  }
  fill(kProducts[4].issue);
}

int TimeProducts(int repeats) {
  _mm_setcsr(_mm_getcsr() | 0x8040);
  size_t words = 0;
  for (const Product& p : kProducts) {
    words += size_t{1} * p.times * contract::BlockWords(p.issue.bits) *
             contract::IssueBlocks(p.issue.bits, p.issue.groups, p.issue.row_tiles);
  }
  const size_t channel_words = words / kChannels + 64 * 1024;
  st::host::AlignedArray<st::word512> weights(channel_words * kChannels);
  std::mt19937_64 random(1);
  FillWeights(weights, channel_words, random);
  st::host::AlignedArray<st::word512> frame_memory(kMaxRows * kMaxGroups);
  Frame& frame = *reinterpret_cast<Frame*>(frame_memory.data());
  for (st::word512& word : frame) {
    const int shift = static_cast<int>(random() % 4);
    st::word512 halves[2];
    for (st::word512& half : halves) {
      for (int i = 0; i < contract::kLanes; ++i) {
        const auto x = static_cast<float>(static_cast<int32_t>(random() % 2001) - 1000);
        st::set_lane_f32(half, i, x / static_cast<float>(500 << shift));
      }
    }
    word = st::quantise_words(halves[0], halves[1], st::scale_of_row(2.0f), shift);
  }
  st::word512 results[64];
#if defined(ST_FAST_VNNI)
  const char* isa = "AVX-512 VNNI";
#else
  const char* isa = "AVX2";
#endif
  std::printf("%s, %.1f MB of weights, one thread, best of %d\n", isa, words * 64 / 1e6, repeats);
  for (const int rows : {1, 2, 4, 8, 16}) {
    double best = 1e9;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      std::vector<const st::word512*> channels;
      for (int c = 0; c < kChannels; ++c) channels.push_back(weights.data() + c * channel_words);
      int turn = 0;
      const double begin = ThreadMilliseconds();
      for (int layer = 0; layer < kLayers; ++layer) {
        for (const Product& p : kProducts) {
          if (p.times == kLayers) RunIssue(p.issue, rows, frame, channels, turn, results);
        }
      }
      RunIssue(kProducts[4].issue, rows, frame, channels, turn, results);
      best = std::min(best, ThreadMilliseconds() - begin);
    }
    std::printf("T = %2d: %6.2f ms a step (measured), %.1f GB/s, result %08x\n", rows, best,
                words * 64 / best / 1e6, st::lane_u32(results[0], 0));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  streamtensor::base::Program program("engine_gemv", "Times the engine's arithmetic alone",
                                      [] { return ST_VERSION; });
  int repeats = 20;
  program.app()
      .add_option("REPEATS", repeats, "Measurements, of which the best counts (default 20)")
      ->check(CLI::PositiveNumber);
  program.SetRun([&] { return TimeProducts(repeats); });
  return program.Main(argc, argv);
}
