// SPDX-License-Identifier: Apache-2.0
#include "kernels/st/frames.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/templates/reference.h"
#include "tests/kernels/templates/run_design.h"

namespace st_test {
namespace {

constexpr int kMaxGroups = 9;
using Frames = st::frame_fifo<16 * kMaxGroups, 2>;

class FramesTest : public TemplateTest {};

void CollectFrame(Frames::port& frames, int words, Words& out) {
#ifdef ST_FAST
  hls::read_lock<st::word512[16 * kMaxGroups]> lock(frames);
  st::word512(&frame)[16 * kMaxGroups] = lock;
  out.assign(frame, frame + words);
#else
  Collect<st::word512>(frames, static_cast<size_t>(words), out);
#endif
}

void ExpectRow(const st::word512* words, const float* x, int groups) {
  const st_reference::QuantisedRow want = st_reference::Quantise(x, groups);
  for (int g = 0; g < groups; ++g) {
    SCOPED_TRACE(::testing::Message() << "group " << g);
    const st_reference::Group& group = want.groups[g];
    for (int i = 0; i < 32; ++i)
      EXPECT_EQ(st::lane_i8(words[g], i), group.q[i]) << i << ": " << x[32 * g + i];
    EXPECT_EQ(st::lane_u32(words[g], 8), std::bit_cast<uint32_t>(want.scale / 8));
    EXPECT_EQ(st::lane_i32(words[g], 9), group.sum);
    EXPECT_EQ(st::lane_i32(words[g], 10), 3 - group.shift);
    EXPECT_EQ(st::lane_u16(words[g], 22), static_cast<uint16_t>(-8 * group.sum));
    EXPECT_EQ(st::lane_u16(words[g], 23), static_cast<uint16_t>(group.sum));
    for (int lane = 12; lane < 16; ++lane) EXPECT_EQ(st::lane_u32(words[g], lane), 0u);
  }
}

void Fill(hls::stream<st::word512>& in, st::frame_source from, int rows, Frames::port& frames) {
  st::fill_frame<kMaxGroups, 16>(from, rows, frames, in);
}

void CheckFill(const Floats& x, int groups, int rows, bool tiles) {
  const Words input = RowsToWords(x, 32 * groups, tiles);
  const st::frame_source from = {0, groups, groups, st::ROWS_T, tiles};
  Words frame;
  RunDesign([&] {
    hls::stream<st::word512, 2> in("in");
    Frames::stream frames("frames");
    ST_PROCESS(Feed<st::word512>, input, in);
    ST_PROCESS(Fill, in, from, rows, frames);
    ST_PROCESS(CollectFrame, frames, rows * groups, frame);
    ST_DATAFLOW_END
  });
  for (int row = 0; row < rows; ++row) ExpectRow(&frame[row * groups], &x[row * groups * 32], groups);
}

TEST_F(FramesTest, EveryNumberOfRowsInBothOrders) {
  for (int rows = 0; rows <= 16; ++rows) {
    for (const bool tiles : {false, true}) {
      CheckFill(RandomFloats(rows * 32), 1, rows, tiles);
      CheckFill(RandomFloats(rows * 9 * 32, 100.0f), 9, rows, tiles);
    }
  }
}

// Rows of two groups.
void CheckRow(const Floats& x) {
  CheckFill(x, 2, 1, false);
  CheckFill(x, 2, 1, true);
}

TEST_F(FramesTest, EdgesOfQuantisation) {
  const float least = 1.17549435e-38f;
  const float zero_below = std::ldexp(1.0f, -100);
  const std::vector<Floats> patterns = {
      Floats(64, 0.0f),  // scale 0
      Floats(64, -0.0f),
      Floats(64, 0.5f * least),  // subnormal: counts as 0
      Floats(64, least),
      Floats(64, zero_below),
      Floats(64, std::nextafter(zero_below, 0.0f)),
      Floats(64, 200.0f * least),
      Floats(64, 3.0e38f),
      Floats(64, -1.0f),
      Floats(64, NAN),
      Floats(64, INFINITY),
  };
  for (Floats x : patterns) {
    CheckRow(x);
    x[3] = 0.0f;
    x[17] = -x[17];
    CheckRow(x);
    // Beside a group of ordinary values.
    std::fill(x.begin(), x.begin() + 32, 0.75f);
    CheckRow(x);
  }
  // Ties: with amax 127 the scale is 1, so halves lie between two integers.
  Floats ties(64, 127.0f);
  for (int i = 1; i < 64; ++i) ties[i] = static_cast<float>(i - 32) + 0.5f;
  CheckRow(ties);
  // Close to ties at any scale and shift: a quotient would round other ways than the product.
  for (int repeat = 0; repeat < 500; ++repeat) {
    const float amax = std::uniform_real_distribution<float>(0.5f, 100.0f)(random);
    const int shift = Uniform(0, 4);
    Floats x(64, amax);
    for (int i = 1; i < 64; ++i) {
      x[i] = (static_cast<float>(Uniform(-127, 126)) + 0.5f) * (amax / 127.0f);
      if (i >= 32) x[i] = std::ldexp(x[i], -shift);
      x[i] = std::nextafter(x[i], static_cast<float>(Uniform(-1, 1)) * 200.0f);
    }
    CheckRow(x);
  }
  for (int repeat = 0; repeat < 500; ++repeat)
    CheckRow(RandomFloats(64, std::ldexp(1.0f, Uniform(-120, 120))));
}

// A group is finer by as many powers of two as keep it within the row's scale.
TEST_F(FramesTest, ShiftsOfGroups) {
  for (int power = -1; power <= 5; ++power) {
    for (const float next : {0.0f, 1.0f, 1e9f}) {
      Floats x(64, 0.01f);
      x[5] = -96.0f;
      x[40] = std::ldexp(96.0f, -power);
      if (next != 0.0f) x[40] = std::nextafter(x[40], next);
      CheckRow(x);
    }
  }
}

// Frames of a launch: each from its own stream, in its own order, with its own rows.
constexpr st::frame_source kLaunchFrames[] = {{1, 9, 9, st::ROWS_FIXED, false},
                                              {0, 2, 2, st::ROWS_T, true},
                                              {2, 3, 3, st::ROWS_T, false},
                                              {0, 5, 5, st::ROWS_W, false}};
struct LaunchConfig {
  static constexpr int step_tokens = 16, max_groups = kMaxGroups, layers = 2, fixed_rows = 3;
  static constexpr int prologue_issues = 1, layer_issues = 2, epilogue_issues = 1;
  static constexpr st::frame_source frame(int i) { return kLaunchFrames[i]; }
};

void FillLaunch(const st::step_header& header, hls::stream<st::word512>& a, hls::stream<st::word512>& b,
                hls::stream<st::word512>& c, Frames::port& frames) {
  st::fill_frames<LaunchConfig>(header, frames, a, b, c);
}

void CollectFrames(Frames::port& frames, const std::vector<int>& sizes, std::vector<Words>& out) {
  out.clear();
  for (const int size : sizes) CollectFrame(frames, size, out.emplace_back());
}

TEST_F(FramesTest, EachFrameOfALaunchComesFromItsStream) {
  st::step_header header = {};
  header.tokens = 4;
  header.logits = 1;
  Words input[3];
  std::vector<Floats> rows;
  std::vector<int> counts, groups, sizes;
  for (const int kind : {0, 1, 2, 1, 2, 3}) {
    const st::frame_source& from = kLaunchFrames[kind];
    counts.push_back(st::count_rows(from.rows, LaunchConfig::fixed_rows, header));
    groups.push_back(from.groups);
    sizes.push_back(counts.back() * from.groups);
    rows.push_back(RandomFloats(sizes.back() * 32));
    const Words words = RowsToWords(rows.back(), 32 * from.groups, from.from_tiles);
    input[from.source].insert(input[from.source].end(), words.begin(), words.end());
  }
  std::vector<Words> result;
  RunDesign([&] {
    hls::stream<st::word512, 2> a("a"), b("b"), c("c");
    Frames::stream frames("frames");
    ST_PROCESS(Feed<st::word512>, input[0], a);
    ST_PROCESS(Feed<st::word512>, input[1], b);
    ST_PROCESS(Feed<st::word512>, input[2], c);
    ST_PROCESS(FillLaunch, header, a, b, c, frames);
    ST_PROCESS(CollectFrames, frames, sizes, result);
    ST_DATAFLOW_END
  });
  ASSERT_EQ(result.size(), rows.size());
  for (size_t i = 0; i < result.size(); ++i) {
    for (int row = 0; row < counts[i]; ++row)
      ExpectRow(&result[i][row * groups[i]], &rows[i][row * groups[i] * 32], groups[i]);
  }
}

}  // namespace
}  // namespace st_test
