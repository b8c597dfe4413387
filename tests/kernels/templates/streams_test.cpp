// SPDX-License-Identifier: Apache-2.0
// Everything that only moves words: rows, converters, forks, routes, take_rows, load, store.
#include <numeric>
#include <string>

#include "kernels/st/convert.h"
#include "kernels/st/fork.h"
#include "kernels/st/load.h"
#include "kernels/st/route.h"
#include "kernels/st/rows.h"
#include "kernels/st/store.h"
#include "kernels/st/take_rows.h"
#include "tests/kernels/templates/run_design.h"

namespace st_test {
namespace {

class StreamsTest : public TemplateTest {};

using Stream = hls::stream<st::word512>;

template <int N>
void CopyRow(Stream& in, Stream& out) {
  float row[N];
  st::read_row(in, row);
  st::write_row(row, out);
}

template <int N>
void CheckRow(const Floats& values) {
  Words input = RowsToWords(values, N);
  // What stands past the end is not read.
  if (N % 16 != 0) st::set_lane_f32(input.back(), 15, 99.0f);
  Words output;
  RunDesign([&] {
    hls::stream<st::word512, 2> in("in");
    hls::stream<st::word512, 2> out("out");
    ST_PROCESS(Feed<st::word512>, input, in);
    ST_PROCESS(CopyRow<N>, in, out);
    ST_PROCESS(Collect<st::word512>, out, input.size(), output);
    ST_DATAFLOW_END
  });
  ASSERT_TRUE(output == RowsToWords(values, N));
}

TEST_F(StreamsTest, RowsOfAnyLength) {
  CheckRow<1>(RandomFloats(1));
  CheckRow<15>(RandomFloats(15));
  CheckRow<16>(RandomFloats(16));
  CheckRow<17>(RandomFloats(17));
  CheckRow<576>(RandomFloats(576));
}

template <int TILES>
void ToRows(Stream& in, int rows, Stream& out) {
  st::tiles_to_rows<TILES, 16>(in, rows, out);
}
template <int TILES>
void ToTiles(Stream& in, int rows, Stream& out) {
  st::rows_to_tiles<TILES, 16>(in, rows, out);
}

TEST_F(StreamsTest, ConvertersTurnTilesToRowsAndBack) {
  for (int rows = 0; rows <= 16; ++rows) {
    const Floats values = RandomFloats(rows * 90);
    const Words tiles = RowsToWords(values, 90, true);
    Words middle_copy, output;
    RunDesign([&] {
      hls::stream<st::word512, 2> in("in"), middle("middle"), to_tiles("to_tiles"), copy("copy"), out("out");
      auto fork = [&](Stream& from, Stream& a, Stream& b) { st::fork_words(from, rows * 6, a, b); };
      ST_PROCESS(Feed<st::word512>, tiles, in);
      ST_PROCESS(ToRows<6>, in, rows, middle);
      ST_PROCESS(fork, middle, to_tiles, copy);
      ST_PROCESS(ToTiles<6>, to_tiles, rows, out);
      ST_PROCESS(Collect<st::word512>, copy, tiles.size(), middle_copy);
      ST_PROCESS(Collect<st::word512>, out, tiles.size(), output);
      ST_DATAFLOW_END
    });
    ASSERT_TRUE(middle_copy == RowsToWords(values, 90));
    ASSERT_TRUE(output == tiles);
  }
}

TEST_F(StreamsTest, RoutesSplitAnIssue) {
  // Tiles 0..2 to one consumer; then tiles 3..6 by turns to two.
  const int rows = 5;
  const Words words = RowsToWords(RandomFloats(rows * 7 * 16), 7 * 16, true);
  Words a, b, c;
  RunDesign([&] {
    hls::stream<st::word512, 2> in("in"), first("first"), even("even"), odd("odd");
    auto result_switch = [&](Stream& results, Stream& x, Stream& y, Stream& z) {
      st::route(results, 3, rows, x);
      st::route_alternating(results, 2, rows, y, z);
    };
    ST_PROCESS(Feed<st::word512>, words, in);
    ST_PROCESS(result_switch, in, first, even, odd);
    ST_PROCESS(Collect<st::word512>, first, 3 * rows, a);
    ST_PROCESS(Collect<st::word512>, even, 2 * rows, b);
    ST_PROCESS(Collect<st::word512>, odd, 2 * rows, c);
    ST_DATAFLOW_END
  });
  Words joined = a;
  for (int r = 0; r < 2; ++r) {
    joined.insert(joined.end(), b.begin() + r * rows, b.begin() + (r + 1) * rows);
    joined.insert(joined.end(), c.begin() + r * rows, c.begin() + (r + 1) * rows);
  }
  EXPECT_TRUE(joined == words);
}

TEST_F(StreamsTest, ForksCopy) {
  const Words words = RowsToWords(RandomFloats(160), 160);
  Words out[4];
  RunDesign([&] {
    hls::stream<st::word512, 2> in("in"), left("left"), a("a"), b("b"), c("c"), d("d"), e("e");
    auto three = [](Stream& from, Stream& x, Stream& y, Stream& z) { st::fork_words(from, 10, x, y, z); };
    auto four = [](Stream& from, Stream& w, Stream& x, Stream& y, Stream& z) {
      st::fork_words(from, 10, w, x, y, z);
    };
    auto drain = [](Stream& x, Stream& y) {
      for (int i = 0; i < 10; ++i) {
        x.read();
        y.read();
      }
    };
    ST_PROCESS(Feed<st::word512>, words, in);
    ST_PROCESS(three, in, left, a, e);
    hls::stream<st::word512, 2> f("f");
    ST_PROCESS(four, left, b, c, d, f);
    ST_PROCESS(drain, e, f);
    ST_PROCESS(Collect<st::word512>, a, 10, out[0]);
    ST_PROCESS(Collect<st::word512>, b, 10, out[1]);
    ST_PROCESS(Collect<st::word512>, c, 10, out[2]);
    ST_PROCESS(Collect<st::word512>, d, 10, out[3]);
    ST_DATAFLOW_END
  });
  for (const Words& copy : out) EXPECT_TRUE(copy == words);
}

// How a launch ended, and how many words its reader had by then.
struct End {
  std::string message;
  int read = 0;
};

// `send` gets words at `in` and passes them on to a and b; its reader takes `ahead` words of a before it
// takes one of each by turns.
template <int IN, int A, int B, class Send>
End RunUnevenly(int words, int ahead, Send send) {
  const Words input(words, st::word512(1));
  End end;
  auto design = [&] {
    hls::stream<st::word512, IN> in("in");
    hls::stream<st::word512, A> a("a");
    hls::stream<st::word512, B> b("b");
    auto read = [&end, words, ahead](Stream& x, Stream& y) {
      for (int i = 0; i < words + ahead; ++i) {
        if (i < words) ++end.read, x.read();
        if (i >= ahead) ++end.read, y.read();
      }
    };
    ST_PROCESS(Feed<st::word512>, input, in);
    ST_PROCESS(send, in, a, b);
    ST_PROCESS(read, a, b);
    ST_DATAFLOW_END
  };
  using Design = decltype(design);
  const auto launcher = streamtensor::runtime::card::DesignLauncher::FromFunction(
      [](const st_host_api* api, void* const* args) {
        return st::host::launch_top(&Top<Design>, api, args);
      });
  void* const args[] = {&design};
  end.message = launcher->Launch(args).message;
  return end;
}

// Many words at once wait where one after the other would: bounds on depths, and what a deadlock is said to
// wait for, must not depend on the build.
template <int IN, int A, int B>
void CheckWaits() {
  constexpr int kRow = 7;
  int stuck = 0;
  for (const int words : {0, 6, 7, 13, 14, 21}) {
    for (int ahead = 0; ahead <= words; ++ahead) {
      SCOPED_TRACE(::testing::Message() << words << " words, " << ahead << " ahead");
      const End forked = RunUnevenly<IN, A, B>(
          words, ahead, [words](Stream& in, Stream& a, Stream& b) { st::fork_words(in, words, a, b); });
      const End by_one = RunUnevenly<IN, A, B>(words, ahead, [words](Stream& in, Stream& a, Stream& b) {
        for (int i = 0; i < words; ++i) {
          const st::word512 word = in.read();
          a.write(word);
          b.write(word);
        }
      });
      EXPECT_EQ(forked.message, by_one.message);
      EXPECT_EQ(forked.read, by_one.read);
      stuck += by_one.message.empty() ? 0 : 1;

      // Whole rows: too few words leave the reading stuck, too little room the writing.
      const End rows = RunUnevenly<IN, A, B>(words, ahead, [words](Stream& in, Stream& a, Stream& b) {
        for (int i = 0; i < words; i += kRow) {
          st::word512 row[kRow];
          st::read_words(in, row);
          st::write_words(row, a);
          st::write_words(row, b);
        }
      });
      const End rows_by_one = RunUnevenly<IN, A, B>(words, ahead, [words](Stream& in, Stream& a, Stream& b) {
        for (int i = 0; i < words; i += kRow) {
          st::word512 row[kRow];
          for (st::word512& word : row) word = in.read();
          for (const st::word512& word : row) a.write(word);
          for (const st::word512& word : row) b.write(word);
        }
      });
      EXPECT_EQ(rows.message, rows_by_one.message);
      EXPECT_EQ(rows.read, rows_by_one.read);
      stuck += rows_by_one.message.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(stuck, 0);
}

TEST_F(StreamsTest, ManyWordsAtOnceWaitLikeOneAfterTheOther) {
  CheckWaits<1, 1, 1>();
  CheckWaits<2, 3, 5>();
  CheckWaits<3, 8, 1>();
  CheckWaits<16, 6, 9>();
}

void TakeRows(hls::stream<st::header_word>& headers, Stream& in, Stream& out) {
  st::step_header header;
  st::read_header(headers, header);
  st::take_rows(in, 2, header, out);
}

TEST_F(StreamsTest, TakesTheRowsThatWantLogits) {
  for (int tokens = 1; tokens <= 16; ++tokens) {
    std::vector<st::token_header> list;
    const Floats values = RandomFloats(tokens * 32);
    Floats want;
    for (int t = 0; t < tokens; ++t) {
      const bool wanted = Uniform(0, 1) == 1;
      list.push_back({t, t, 0, 0, wanted, 0, 0});
      if (wanted) want.insert(want.end(), values.begin() + t * 32, values.begin() + (t + 1) * 32);
    }
    const std::vector<st::header_word> header = HeaderWords(list);
    const Words input = RowsToWords(values, 32);
    Words output;
    RunDesign([&] {
      hls::stream<st::header_word, 2> headers("headers");
      hls::stream<st::word512, 2> in("in"), out("out");
      ST_PROCESS(Feed<st::header_word>, header, headers);
      ST_PROCESS(Feed<st::word512>, input, in);
      ST_PROCESS(TakeRows, headers, in, out);
      ST_PROCESS(Collect<st::word512>, out, want.size() / 16, output);
      ST_DATAFLOW_END
    });
    EXPECT_TRUE(output == RowsToWords(want, 32));
  }
}

template <int WIDTH, st::row_symbol ROWS>
struct MemoryConfig {
  static constexpr int width = WIDTH;
  static constexpr st::row_symbol rows = ROWS;
  static constexpr int fixed_rows = 7;
};

template <class CONFIG>
void CheckMemory(const Floats& values, int tokens, int logits, int rows, bool tiles) {
  const std::vector<st::header_word> header = HeaderWords(tokens, logits);
  Floats memory(values.size() + 1, 99.0f);
  RunDesign([&] {
    hls::stream<st::header_word, 2> load_headers("load_headers"), store_headers("store_headers");
    hls::stream<st::word512, 2> rows_stream("rows"), stored("stored");
    hls::stream<st::done_token, 2> done("done");
    constexpr int kTiles = st::contract::WordsOf(CONFIG::width);
    auto order = [&](Stream& in, Stream& out) {
      if (tiles) {
        st::rows_to_tiles<kTiles, 16>(in, rows, out);
      } else {
        st::copy_words(in, rows * kTiles, out);
      }
    };
    auto wait = [](hls::stream<st::done_token>& token) { token.read(); };
    const float* source = values.data();
    float* target = memory.data();
    ST_PROCESS(Feed<st::header_word>, header, load_headers);
    ST_PROCESS(Feed<st::header_word>, header, store_headers);
    ST_PROCESS(st::load_rows<CONFIG>, load_headers, source, rows_stream);
    ST_PROCESS(order, rows_stream, stored);
    if (tiles) {
      ST_PROCESS(st::store_tiles<CONFIG>, store_headers, stored, target, done);
    } else {
      ST_PROCESS(st::store_rows<CONFIG>, store_headers, stored, target, done);
    }
    ST_PROCESS(wait, done);
    ST_DATAFLOW_END
  });
  EXPECT_EQ(memory.back(), 99.0f);
  memory.pop_back();
  ExpectSameBits(memory, values);
}

TEST_F(StreamsTest, LoadsAndStoresRowsOfAnyWidth) {
  for (const bool tiles : {false, true}) {
    for (int tokens = 0; tokens <= 16; ++tokens) {
      const int logits = tokens / 2;
      CheckMemory<MemoryConfig<64, st::ROWS_T>>(RandomFloats(tokens * 64), tokens, logits, tokens, tiles);
      CheckMemory<MemoryConfig<37, st::ROWS_T>>(RandomFloats(tokens * 37), tokens, logits, tokens, tiles);
      CheckMemory<MemoryConfig<37, st::ROWS_W>>(RandomFloats(logits * 37), tokens, logits, logits, tiles);
      CheckMemory<MemoryConfig<1, st::ROWS_FIXED>>(RandomFloats(7), tokens, logits, 7, tiles);
    }
    // More than store_tiles holds at a time: twice as much, and a rest.
    CheckMemory<MemoryConfig<2048, st::ROWS_W>>(RandomFloats(3 * 2048), 5, 3, 3, tiles);
    CheckMemory<MemoryConfig<2500, st::ROWS_W>>(RandomFloats(3 * 2500), 5, 3, 3, tiles);
    CheckMemory<MemoryConfig<2500, st::ROWS_FIXED>>(RandomFloats(7 * 2500), 5, 3, 7, tiles);
  }
}

}  // namespace
}  // namespace st_test
