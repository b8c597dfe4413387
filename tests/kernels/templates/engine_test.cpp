// SPDX-License-Identifier: Apache-2.0
// Weight channels, activation switch and engine together, against st_reference::Contract.
#include "kernels/st/engine.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "aligned_array.h"
#include "kernels/st/frames.h"
#include "kernels/st/load_weights.h"
#include "tests/kernels/templates/reference.h"
#include "tests/kernels/templates/run_design.h"

namespace st_test {
namespace {

using st_reference::Weight;

class EngineTest : public TemplateTest {
 protected:
  Weight RandomWeight(const st::issue& op) {
    Weight w;
    w.bits = op.bits;
    w.rows = 16 * op.row_tiles;
    w.groups = op.groups;
    const int style = Uniform(0, 4);  // 0, 1: the extremes
    const bool has_minimum = Uniform(0, 1) == 1;
    for (int i = 0; i < w.rows * 32 * w.groups; ++i) {
      if (op.bits == 4) {
        w.q.push_back(style == 0 ? 0 : style == 1 ? 15 : Uniform(0, 15));
      } else {
        w.q.push_back(style == 0 ? -128 : Uniform(-128, 127));
      }
    }
    // 0: the extremes, which the host's sums must hold.
    const int scales = Uniform(0, 2);
    const int sign = Uniform(0, 1) == 1 ? 1 : -1;
    for (int i = 0; i < w.rows * w.groups; i += op.scale_groups) {
      const int d = scales == 0 ? 1023 : Uniform(-1023, 1023);
      const int m = !has_minimum ? 0 : scales == 0 ? 2047 * sign : Uniform(-2047, 2047);
      w.d.insert(w.d.end(), op.scale_groups, d);
      w.m.insert(w.m.end(), op.scale_groups, m);
    }
    for (int i = 0; i < w.rows; ++i) w.exponents.push_back(Uniform(-34, 6));
    return w;
  }

  Floats RandomRows(int rows, int width) {
    Floats x = RandomFloats(static_cast<size_t>(rows) * width);
    const int style = Uniform(0, 4);
    for (float& v : x) {
      if (style == 0) v = v < 0 ? -1.0f : 1.0f;  // every quantised value is +-127
      if (style == 4) v = 1.0f;
    }
    if (style == 0) std::fill(x.begin(), x.begin() + std::min<size_t>(x.size(), 64), 1.0f);
    if (style == 1) std::fill(x.begin(), x.begin() + std::min<size_t>(x.size(), 32), 0.0f);
    if (style == 2) {  // groups of every shift
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = std::ldexp(x[i], Uniform(-1, 0) - static_cast<int>(i / 32 % 6));
    }
    return x;
  }
};

// Written from docs/architecture.md section 4: the bytes of the tile that begins with group g.
std::vector<uint8_t> PackTile(const Weight& w, int tile_row, int g, int scale_groups) {
  const int k = 32 * w.groups;
  std::vector<uint8_t> bytes;
  for (int of_tile = 0; of_tile < scale_groups; ++of_tile) {
    auto q = [&](int r, int kk) { return w.q[(16 * tile_row + r) * k + 32 * (g + of_tile) + kk]; };
    for (int i = 0; i < (w.bits == 4 ? 4 : 8); ++i) {
      for (int r = 0; r < 16; ++r) {
        for (int b = 0; b < 4; ++b) {
          bytes.push_back(static_cast<uint8_t>(w.bits == 4 ? q(r, 4 * i + b) | q(r, 16 + 4 * i + b) << 4
                                                           : q(r, 4 * i + b)));
        }
      }
    }
  }
  for (int r = 0; r < 16; ++r) {
    const int at = (16 * tile_row + r) * w.groups + g;
    const int exponent = w.exponents[16 * tile_row + r] + 127;
    int d = w.d[at] & 0xffff, m = w.m[at] & 0xffff;
    if (g == 0) {
      d = (d & 0xfff) | (exponent & 15) << 12;
      m = (m & 0xfff) | (exponent >> 4) << 12;
    }
    for (const int byte : {d, d >> 8, m, m >> 8}) bytes.push_back(static_cast<uint8_t>(byte));
  }
  return bytes;
}

// Written from docs/architecture.md section 4: rounds of one part a channel.
void Pack(const Weight& w, const st::issue& op, std::vector<std::vector<uint8_t>>& channels) {
  const int parts = 1 << op.split, row_tiles = static_cast<int>(channels.size()) / parts;
  for (int round = 0; round * row_tiles < w.rows / 16; ++round) {
    for (size_t c = 0; c < channels.size(); ++c) {
      const int tile_row = round * row_tiles + static_cast<int>(c) / parts;
      const int shared = op.scale_groups, part_tiles = (w.groups / shared + parts - 1) / parts;
      for (int i = 0; i < part_tiles; ++i) {
        const int g = (static_cast<int>(c) % parts * part_tiles + i) * shared;
        std::vector<uint8_t> tile(64 * ((w.bits == 4 ? 4 : 8) * shared + 1), 0);
        if (tile_row < w.rows / 16 && g < w.groups) tile = PackTile(w, tile_row, g, shared);
        channels[c].insert(channels[c].end(), tile.begin(), tile.end());
      }
    }
  }
}

template <int CHANNELS>
struct Issues {
  static constexpr st::issue issue(int i) {
    return i == 0   ? st::cut_issue<CHANNELS>(8, 3, 2, st::ROWS_T)
           : i == 1 ? st::cut_issue<CHANNELS>(4, 5, 3, st::ROWS_T)
           : i == 2 ? st::cut_issue<CHANNELS>(4, 1, 7, st::ROWS_T)
           : i == 3 ? st::cut_issue<CHANNELS>(8, 7, 1, st::ROWS_T)
           : i == 4 ? st::cut_issue<CHANNELS>(4, 8, 4, st::ROWS_T)
           : i == 5 ? st::cut_issue<CHANNELS>(4, 6, 1, st::ROWS_FIXED)
           : i == 6 ? st::cut_issue<CHANNELS>(4, 5, 41, st::ROWS_T)
           : i == 7 ? st::cut_issue<CHANNELS>(4, 8, 5, st::ROWS_T, 4)
           : i == 8 ? st::cut_issue<CHANNELS>(4, 8, 11, st::ROWS_T, 2)
           : i == 9 ? st::cut_issue<CHANNELS>(8, 5, 5, st::ROWS_W)
                    : st::cut_issue<CHANNELS>(4, 6, 3, st::ROWS_W, 2);
  }
};

template <int CHANNELS, int STEP_TOKENS, int LANES = 2, int LAYERS = 3>
struct EngineConfig : Issues<CHANNELS> {
  static constexpr int channels = CHANNELS;
  static constexpr int lanes = LANES;
  static constexpr int step_tokens = STEP_TOKENS;
  static constexpr int max_groups = 8;
  static constexpr int layers = LAYERS;
  static constexpr int fixed_rows = 2;
  static constexpr int prologue_issues = 1;
  static constexpr int layer_issues = 8;
  static constexpr int epilogue_issues = 2;
};

// One issue of the launch with its operand and weights.
struct Run {
  st::issue op;
  int rows;
  Floats x;
  Weight w;
};

template <class CONFIG>
void FillFrames(const std::vector<Run>& runs, hls::stream<st::word512>& in,
                typename st::frame_fifo<CONFIG::step_tokens * CONFIG::max_groups, 2>::port& frames) {
  for (const Run& run : runs) {
    const st::frame_source from = {0, run.op.groups, run.op.part_groups, run.op.rows, false};
    st::fill_frame<CONFIG::max_groups, CONFIG::step_tokens>(from, run.rows, frames, in);
  }
}

template <class CONFIG, size_t... I>
void RunEngine(const std::vector<Run>& runs, const std::vector<st::header_word>& header,
               const st::word512* const* memory, size_t result_words, Words& results,
               std::index_sequence<I...>) {
  Words operands;
  for (const Run& run : runs) {
    const Words words = RowsToWords(run.x, 32 * run.op.groups);
    operands.insert(operands.end(), words.begin(), words.end());
  }
  constexpr int kFrameWords = CONFIG::step_tokens * CONFIG::max_groups;
  RunDesign([&] {
    hls::stream<st::header_word, 2> headers("headers");
    hls::stream<st::word512, 2> rows("rows"), result_stream("results");
    typename st::frame_fifo<kFrameWords, 2>::stream frames("frames");
    typename st::weight_fifo<4>::stream weights[CONFIG::channels];
    ST_PROCESS(Feed<st::header_word>, header, headers);
    ST_PROCESS(Feed<st::word512>, operands, rows);
    ST_PROCESS(FillFrames<CONFIG>, runs, rows, frames);
    const int started[] = {([&] { ST_PROCESS(st::load_weights<CONFIG>, memory[I], weights[I]); }(), 0)...};
    (void)started;
    ST_PROCESS(st::engine<CONFIG>, headers, frames, weights, result_stream);
    ST_PROCESS(Collect<st::word512>, result_stream, result_words, results);
    ST_DATAFLOW_END
  });
}

template <class CONFIG>
void CheckEngine(int tokens, int logits, const std::function<Weight(const st::issue&)>& weight,
                 const std::function<Floats(int, int)>& rows) {
  std::vector<Run> runs;
  auto add = [&](const st::issue& op) {
    Run run;
    run.op = op;
    run.rows = op.rows == st::ROWS_T ? tokens : op.rows == st::ROWS_W ? logits : CONFIG::fixed_rows;
    run.x = rows(run.rows, 32 * op.groups);
    run.w = weight(op);
    runs.push_back(run);
  };
  add(CONFIG::issue(0));
  for (int layer = 0; layer < CONFIG::layers; ++layer) {
    for (int i = 1; i <= 8; ++i) add(CONFIG::issue(i));
  }
  for (int i = 9; i <= 10; ++i) add(CONFIG::issue(i));

  std::vector<std::vector<uint8_t>> packed(CONFIG::channels);
  size_t result_words = 0;
  for (const Run& run : runs) {
    Pack(run.w, run.op, packed);
    result_words += static_cast<size_t>(run.rows) * run.op.row_tiles;
  }
  for (const auto& bytes : packed) {
    ASSERT_EQ(static_cast<int64_t>(bytes.size()), 64 * st::channel_words<CONFIG>());
  }
  std::vector<std::unique_ptr<st::host::AlignedArray<uint8_t>>> memory;
  std::vector<const st::word512*> pointers;
  for (const auto& bytes : packed) {
    memory.push_back(std::make_unique<st::host::AlignedArray<uint8_t>>(bytes.size()));
    std::copy(bytes.begin(), bytes.end(), memory.back()->data());
    pointers.push_back(reinterpret_cast<const st::word512*>(memory.back()->data()));
  }
  Words results;
  RunEngine<CONFIG>(runs, HeaderWords(tokens, logits), pointers.data(), result_words, results,
                    std::make_index_sequence<CONFIG::channels>());
  ASSERT_EQ(results.size(), result_words);
  auto next = results.begin();
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    SCOPED_TRACE(::testing::Message() << "issue " << i << ", T = " << tokens << ", W = " << logits);
    const auto end = next + static_cast<ptrdiff_t>(run.rows) * run.op.row_tiles;
    ExpectSameBits(WordsToRows(Words(next, end), run.w.rows, run.rows, true),
                   st_reference::Contract(run.x, run.rows, run.w));
    next = end;
  }
}

TEST_F(EngineTest, EveryStepShape) {
  auto weight = [this](const st::issue& op) { return RandomWeight(op); };
  auto rows = [this](int count, int width) { return RandomRows(count, width); };
  for (int tokens = 0; tokens <= 16; ++tokens) {
    CheckEngine<EngineConfig<3, 16>>(tokens, tokens == 16 ? 16 : Uniform(0, tokens), weight, rows);
  }
}

TEST_F(EngineTest, AnyNumberOfChannels) {
  auto weight = [this](const st::issue& op) { return RandomWeight(op); };
  auto rows = [this](int count, int width) { return RandomRows(count, width); };
  CheckEngine<EngineConfig<1, 16>>(5, 0, weight, rows);
  CheckEngine<EngineConfig<2, 16>>(6, 1, weight, rows);
  CheckEngine<EngineConfig<4, 16>>(7, 7, weight, rows);
  CheckEngine<EngineConfig<32, 16>>(3, 2, weight, rows);
  CheckEngine<EngineConfig<4, 3>>(3, 3, weight, rows);
  CheckEngine<EngineConfig<8, 16>>(4, 4, weight, rows);
  CheckEngine<EngineConfig<24, 16>>(16, 1, weight, rows);
}

TEST_F(EngineTest, AnyNumberOfLanes) {
  auto weight = [this](const st::issue& op) { return RandomWeight(op); };
  auto rows = [this](int count, int width) { return RandomRows(count, width); };
  for (int tokens : {1, 2, 5, 8}) {
    CheckEngine<EngineConfig<4, 8, 1>>(tokens, tokens, weight, rows);
    CheckEngine<EngineConfig<4, 8, 3>>(tokens, 1, weight, rows);
    CheckEngine<EngineConfig<4, 8, 8>>(tokens, tokens, weight, rows);
    CheckEngine<EngineConfig<8, 8, 4>>(tokens, tokens, weight, rows);
  }
}

TEST_F(EngineTest, WithoutLayers) {
  auto weight = [this](const st::issue& op) { return RandomWeight(op); };
  auto rows = [this](int count, int width) { return RandomRows(count, width); };
  CheckEngine<EngineConfig<4, 16, 2, 0>>(3, 3, weight, rows);
}

TEST_F(EngineTest, OnTwoThreads) {
  auto weight = [this](const st::issue& op) { return RandomWeight(op); };
  auto rows = [this](int count, int width) { return RandomRows(count, width); };
  const WithSecondThread two_threads;
  for (int tokens = 0; tokens <= 16; ++tokens) {
    CheckEngine<EngineConfig<4, 16>>(tokens, Uniform(0, tokens), weight, rows);
  }
}

}  // namespace
}  // namespace st_test
