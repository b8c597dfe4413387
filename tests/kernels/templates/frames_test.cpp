// SPDX-License-Identifier: Apache-2.0
#include "kernels/st/frames.h"

#include <cmath>

#include "tests/kernels/templates/reference.h"
#include "tests/kernels/templates/run_design.h"

namespace st_test {
namespace {

constexpr int kMaxGroups = 9;
constexpr int kFrameWords = 16 * kMaxGroups;

class FramesTest : public TemplateTest {};

void CollectFrame(hls::stream_of_blocks<st::word512[kFrameWords]>& frames, int words, Words& out) {
  hls::read_lock<st::word512[kFrameWords]> lock(frames);
  st::word512(&frame)[kFrameWords] = lock;
  out.assign(frame, frame + words);
}

st::word512 Quantise(const Floats& x) {
  const Words words = RowsToWords(x, 32);
  return st::quantise_words(words[0], words[1]);
}

void ExpectGroup(const st::word512& word, const float* x) {
  const st_reference::Group want = st_reference::Quantise(x);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(st::lane_i8(word, i), want.q[i]) << i << ": " << x[i];
  EXPECT_EQ(st::lane_u32(word, 8), std::bit_cast<uint32_t>(want.scale));
  EXPECT_EQ(st::lane_i32(word, 9), want.sum);
}

template <int GROUPS>
void FillFromRows(hls::stream<st::word512>& in, int rows,
                  hls::stream_of_blocks<st::word512[kFrameWords]>& frames) {
  st::fill_frame<GROUPS>(in, rows, frames);
}
template <int GROUPS>
void FillFromTiles(hls::stream<st::word512>& in, int rows,
                   hls::stream_of_blocks<st::word512[kFrameWords]>& frames) {
  st::fill_frame_from_tiles<GROUPS, 16>(in, rows, frames);
}

template <int GROUPS>
void CheckFill(const Floats& x, int rows, bool tiles) {
  const Words input = RowsToWords(x, 32 * GROUPS, tiles);
  Words frame;
  RunDesign([&] {
    hls::stream<st::word512, 2> in("in");
    hls::stream_of_blocks<st::word512[kFrameWords], 2> frames("frames");
    ST_PROCESS(Feed<st::word512>, input, in);
    if (tiles) {
      ST_PROCESS(FillFromTiles<GROUPS>, in, rows, frames);
    } else {
      ST_PROCESS(FillFromRows<GROUPS>, in, rows, frames);
    }
    ST_PROCESS(CollectFrame, frames, rows * GROUPS, frame);
    ST_DATAFLOW_END
  });
  for (int row = 0; row < rows; ++row) {
    for (int g = 0; g < GROUPS; ++g) ExpectGroup(frame[row * GROUPS + g], &x[(row * GROUPS + g) * 32]);
  }
}

TEST_F(FramesTest, EveryNumberOfRowsInBothOrders) {
  for (int rows = 0; rows <= 16; ++rows) {
    for (const bool tiles : {false, true}) {
      CheckFill<1>(RandomFloats(rows * 32), rows, tiles);
      CheckFill<9>(RandomFloats(rows * 9 * 32, 100.0f), rows, tiles);
    }
  }
}

TEST_F(FramesTest, EdgesOfQuantisation) {
  const float least = 1.17549435e-38f;
  const std::vector<Floats> patterns = {
      Floats(32, 0.0f),                                      // scale 0
      Floats(32, -0.0f),          Floats(32, 0.5f * least),  // subnormal: counts as 0
      Floats(32, least),                                     // amax/127 is flushed
      Floats(32, 200.0f * least), Floats(32, 3.0e38f),      Floats(32, -1.0f), Floats(32, NAN),
      Floats(32, INFINITY),
  };
  for (Floats x : patterns) {
    ExpectGroup(Quantise(x), x.data());
    x[3] = 0.0f;
    x[17] = -x[17];
    ExpectGroup(Quantise(x), x.data());
  }
  // Ties: with amax 127 the scale is 1, so halves lie between two integers.
  Floats ties(32, 127.0f);
  for (int i = 1; i < 32; ++i) ties[i] = static_cast<float>(i - 16) + 0.5f;
  ExpectGroup(Quantise(ties), ties.data());
  // Close to ties at any scale: a product with the reciprocal would round other ways.
  for (int repeat = 0; repeat < 2000; ++repeat) {
    const float amax = std::uniform_real_distribution<float>(0.5f, 100.0f)(random);
    Floats x(32, amax);
    for (int i = 1; i < 32; ++i) {
      x[i] = (static_cast<float>(Uniform(-127, 126)) + 0.5f) * (amax / 127.0f);
      x[i] = std::nextafter(x[i], static_cast<float>(Uniform(-1, 1)) * 200.0f);
    }
    ExpectGroup(Quantise(x), x.data());
  }
  for (int repeat = 0; repeat < 2000; ++repeat) {
    Floats x = RandomFloats(32, std::ldexp(1.0f, Uniform(-120, 120)));
    ExpectGroup(Quantise(x), x.data());
  }
}

}  // namespace
}  // namespace st_test
