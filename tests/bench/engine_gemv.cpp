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
#include "st/engine.h"
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
const Product kProducts[] = {{st::cut_issue<kChannels>(4, 18, 60, st::ROWS_T), kLayers},
                             {st::cut_issue<kChannels>(4, 18, 36, st::ROWS_T), kLayers},
                             {st::cut_issue<kChannels>(4, 18, 192, st::ROWS_T), kLayers},
                             {st::cut_issue<kChannels>(4, 48, 36, st::ROWS_T), kLayers},
                             {st::cut_issue<kChannels>(8, 18, 3072, st::ROWS_W), 1}};

using Frame = st::word512[kMaxRows * kMaxGroups];

// CPU time of this thread: other load matters only if it slows the core.
double ThreadMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

// Where a channel's part of each issue begins, in words.
int64_t IssueWords(const st::issue& op) {
  return int64_t{op.rounds} * op.part_groups * contract::TileWords(op.bits);
}

// What st::run_issue does, without streams, on the issue at word `at` of each channel. All are cut into whole
// row tiles.
void RunIssue(const st::issue& op, int rows, const Frame& frame, const st::word512* weights,
              size_t channel_words, int64_t at, st::word512* results) {
  static_assert(kChannels == st::kTogether, "a bundle is a round");
  st::row_sums sums[st::kTogether][kMaxRows];
  st::row_tile_scales scales[st::kTogether];
  st::word512 prepared[kMaxRows * kMaxGroups];
  const st::word512* const wide = st::prepare(op.bits, frame, rows * op.groups, prepared);
  const int tile_words = contract::TileWords(op.bits), per_block = contract::BlockTiles(op.bits);
  const int together = rows <= st::kRowsTogether ? st::kTogether : 1;
  int written = 0;
  for (int round = 0; round < op.rounds; ++round, at += op.part_groups * tile_words) {
    for (int first = 0; first < kChannels; first += together) {
      for (int tile = 0; tile < together; ++tile) {
        const st::word512* const part = weights + (first + tile) * channel_words + at;
        scales[tile] = st::split_unit(part[contract::TileIntegerWords(op.bits)]);
      }
      for (int group = 0; group < op.groups; group += per_block) {
        for (int tile = 0; tile < together; ++tile) {
          const st::word512* const tiles = weights + (first + tile) * channel_words + at + group * tile_words;
          st::dot(op.bits, tiles, std::min(op.groups - group, per_block), op.scale_groups,
                  group == 0 ? &scales[tile].scales : tiles + contract::TileIntegerWords(op.bits),
                  frame + group, wide + group, op.groups, rows, group == 0, sums[tile]);
        }
      }
      for (int tile = 0; tile < together; ++tile) {
        for (int row = 0; row < rows; ++row) {
          results[written++ % 64] =
              st::finish(sums[tile][row], scales[tile], st::frame_scale(frame[row * op.groups]));
        }
      }
    }
  }
}

// In issue order.
template <class BODY>
void ForEachProduct(const BODY& body) {
  for (int layer = 0; layer < kLayers; ++layer) {
    for (const Product& p : kProducts) {
      if (p.times == kLayers) body(p.issue);
    }
  }
  body(kProducts[4].issue);
}

// Random integers, and scales as tiles hold them: the same sums for every instruction set.
void FillWeights(st::host::AlignedArray<st::word512>& weights, size_t channel_words,
                 std::mt19937_64& random) {
  for (st::word512& word : weights) {
    for (int i = 0; i < 8; ++i) word.range(64 * i + 63, 64 * i) = random();
  }
  int64_t at = 0;
  const auto fill = [&](const st::issue& op) {
    const int tile_words = contract::TileWords(op.bits);
    for (int channel = 0; channel < kChannels; ++channel) {
      for (int tile = 0; tile < op.rounds * op.part_groups; ++tile) {
        st::word512& scales = weights.data()[channel * channel_words + at + tile * tile_words +
                                             contract::TileIntegerWords(op.bits)];
        const bool first = tile % op.part_groups == 0 && channel % (1 << op.split) == 0;
        for (int row = 0; row < contract::kTileRows; ++row) {
          const int scale = static_cast<int>(random() % contract::kLargestScale);
          const int offset = static_cast<int>(random() % contract::kLargestOffset);
          st::set_lane_u32(scales, row, contract::TileScaleLane(scale, -offset, first, 110));
        }
      }
    }
    at += IssueWords(op);
  };
  ForEachProduct(fill);
}

int TimeProducts(int repeats) {
  _mm_setcsr(_mm_getcsr() | 0x8040);
  int64_t words = 0;
  ForEachProduct([&](const st::issue& op) { words += kChannels * IssueWords(op); });
  const size_t channel_words = static_cast<size_t>(words) / kChannels + 64 * 1024;
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
  std::printf("%s, %.1f MB of weights, one thread, best of %d\n", isa, static_cast<double>(words) * 64 / 1e6,
              repeats);
  for (const int rows : {1, 2, 4, 8, 16}) {
    double best = 1e9;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      int64_t at = 0;
      const double begin = ThreadMilliseconds();
      ForEachProduct([&](const st::issue& op) {
        RunIssue(op, rows, frame, weights.data(), channel_words, at, results);
        at += IssueWords(op);
      });
      best = std::min(best, ThreadMilliseconds() - begin);
    }
    std::printf("T = %2d: %6.2f ms a step (measured), %.1f GB/s, result %08x\n", rows, best,
                static_cast<double>(words) * 64 / best / 1e6, st::lane_u32(results[0], 0));
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
