// SPDX-License-Identifier: Apache-2.0
#include "kernels/st/attention.h"

#include <algorithm>

#include "aligned_array.h"
#include "tests/kernels/templates/reference.h"
#include "tests/kernels/templates/run_design.h"

namespace st_test {
namespace {

constexpr int kGrouped[] = {0, 0, 0, 1, 1, 1};
constexpr int kMixed[] = {1, 0, 1, 1};  // any map will do
constexpr int kSingle[] = {0, 1};

template <const int* MAP, int QUERY_HEADS, int KV_HEADS, int HEAD_DIM, int MASK_OFFSET = 0, int REVERSE = 0>
struct AttentionConfig {
  static constexpr int layers = 2;
  static constexpr int query_heads = QUERY_HEADS;
  static constexpr int kv_heads = KV_HEADS;
  static constexpr int head_dim = HEAD_DIM;
  static constexpr int step_tokens = 16;
  static constexpr int max_pages = 5;
  static constexpr int mask_offset = MASK_OFFSET;
  static constexpr float scale = 0.125f;
  static constexpr int kv_head(int query_head) { return MAP[query_head]; }
  static constexpr int page_column(int page) { return REVERSE ? max_pages - 1 - page : page; }
};

template <class CONFIG, int FIRST_LAYER, int SECOND_LAYER>
struct Windowed : CONFIG {
  static constexpr int window(int layer) { return layer == 0 ? FIRST_LAYER : SECOND_LAYER; }
};

// More of a step than the card's text takes at a time.
struct LongConfig : AttentionConfig<kGrouped, 6, 2, 64> {
  static constexpr int max_pages = 12;
};

// Elements of a pool, by hand.
template <class CONFIG>
size_t At(int page, int layer, int head, int row, int d) {
  return (((static_cast<size_t>(page) * CONFIG::layers + layer) * CONFIG::kv_heads + head) * 32 + row) *
             CONFIG::head_dim +
         d;
}

class AttentionTest : public TemplateTest {
 protected:
  // A step: for each slot its tokens' first position and number.
  struct Slot {
    int slot, start, tokens;
  };

  template <class CONFIG>
  void Check(const std::vector<Slot>& slots) {
    constexpr int D = CONFIG::head_dim;
    constexpr int kQuery = CONFIG::query_heads * D;
    constexpr int kKey = CONFIG::kv_heads * D;
    constexpr int kPages = 16 * CONFIG::max_pages + 10;
    // Every slot its own pages, in no order.
    std::vector<int> pages(kPages);
    for (int i = 0; i < kPages; ++i) pages[i] = i;
    std::shuffle(pages.begin(), pages.end(), random);
    int table[16][CONFIG::max_pages];
    for (int s = 0; s < 16; ++s) {
      for (int i = 0; i < CONFIG::max_pages; ++i) table[s][i] = pages[s * CONFIG::max_pages + i];
    }
    // Unwritten rows are NaN: whoever multiplies them by zero fails.
    const size_t elements = At<CONFIG>(kPages, 0, 0, 0, 0);
    st::host::AlignedArray<uint16_t> keys(elements), values(elements);
    std::fill(keys.begin(), keys.end(), 0x7e00);
    std::fill(values.begin(), values.end(), 0x7e00);
    auto half = [&] { return st_reference::F16OfF32(std::normal_distribution<float>()(random)); };

    std::vector<st::token_header> tokens;
    std::vector<int> first;  // token of the step with which this token's slot begins
    std::vector<int> count;
    for (const Slot& slot : slots) {
      for (int j = 0; j < slot.start; ++j) {
        const int page = table[slot.slot][CONFIG::page_column(j / 32)];
        for (int layer = 0; layer < CONFIG::layers; ++layer) {
          for (int head = 0; head < CONFIG::kv_heads; ++head) {
            for (int d = 0; d < D; ++d) {
              keys[At<CONFIG>(page, layer, head, j % 32, d)] = half();
              values[At<CONFIG>(page, layer, head, j % 32, d)] = half();
            }
          }
        }
      }
      const int begin = static_cast<int>(tokens.size());
      for (int i = 0; i < slot.tokens; ++i) {
        const int position = slot.start + i;
        tokens.push_back({0, slot.slot, position, slot.start, false, table[slot.slot][position / 32], 0});
        first.push_back(begin);
        count.push_back(slot.tokens);
      }
    }
    const int total = static_cast<int>(tokens.size());
    Floats q[CONFIG::layers], k[CONFIG::layers], v[CONFIG::layers];
    Words q_words, k_words, v_words;
    auto append = [](Words& to, const Words& from) { to.insert(to.end(), from.begin(), from.end()); };
    for (int layer = 0; layer < CONFIG::layers; ++layer) {
      q[layer] = RandomFloats(total * kQuery, 2.0f);
      k[layer] = RandomFloats(total * kKey, 2.0f);
      v[layer] = RandomFloats(total * kKey, 2.0f);
      append(q_words, RowsToWords(q[layer], kQuery));
      append(k_words, RowsToWords(k[layer], kKey));
      append(v_words, RowsToWords(v[layer], kKey));
    }
    Words page_words((16 * CONFIG::max_pages + 15) / 16, st::word512(0));
    for (int i = 0; i < 16 * CONFIG::max_pages; ++i) {
      st::set_lane_i32(page_words[i / 16], i % 16, table[i / CONFIG::max_pages][i % CONFIG::max_pages]);
    }
    const std::vector<st::header_word> header = HeaderWords(tokens);

    Words out_words;
    const st::word512* key_read = reinterpret_cast<const st::word512*>(keys.data());
    const st::word512* value_read = reinterpret_cast<const st::word512*>(values.data());
    RunDesign([&] {
      hls::stream<st::header_word, 2> headers("headers"), load_headers("load_headers");
      hls::stream<st::word512, 2> table_stream("table"), q_in("q"), k_in("k"), v_in("v"), out("out");
      hls::stream<st::word512, 2> key_words("key_words"), value_words("value_words");
      ST_PROCESS(Feed<st::header_word>, header, headers);
      ST_PROCESS(Feed<st::header_word>, header, load_headers);
      ST_PROCESS(Feed<st::word512>, page_words, table_stream);
      ST_PROCESS(Feed<st::word512>, q_words, q_in);
      ST_PROCESS(Feed<st::word512>, k_words, k_in);
      ST_PROCESS(Feed<st::word512>, v_words, v_in);
      ST_PROCESS(st::load_pages<CONFIG>, load_headers, table_stream, key_read, value_read, key_words,
                 value_words);
      ST_PROCESS(st::attention<CONFIG>, headers, key_words, value_words, q_in, k_in, v_in, out);
      ST_PROCESS(Collect<st::word512>, out, q_words.size(), out_words);
      ST_DATAFLOW_END
    });

    const size_t words_of_layer = q_words.size() / CONFIG::layers;
    for (int layer = 0; layer < CONFIG::layers; ++layer) {
      const Words part(out_words.begin() + layer * words_of_layer,
                       out_words.begin() + (layer + 1) * words_of_layer);
      Floats want;
      for (int t = 0; t < total; ++t) {
        const st::token_header& token = tokens[t];
        for (int h = 0; h < CONFIG::query_heads; ++h) {
          const int kv = CONFIG::kv_head(h);
          std::vector<std::vector<uint16_t>> seen_keys, seen_values;
          const int window = st::window_of<CONFIG>(layer, 0);
          const int begin = window > 0 ? std::max(0, token.position + CONFIG::mask_offset + 1 - window) : 0;
          for (int j = begin; j <= token.position + CONFIG::mask_offset && j < token.start + count[t]; ++j) {
            std::vector<uint16_t> key(D), value(D);
            for (int d = 0; d < D; ++d) {
              if (j < token.start) {
                const int page = table[token.slot][CONFIG::page_column(j / 32)];
                key[d] = keys[At<CONFIG>(page, layer, kv, j % 32, d)];
                value[d] = values[At<CONFIG>(page, layer, kv, j % 32, d)];
              } else {
                const int at = (first[t] + j - token.start) * kKey + kv * D + d;
                key[d] = st_reference::F16OfF32(k[layer][at]);
                value[d] = st_reference::F16OfF32(v[layer][at]);
              }
            }
            seen_keys.push_back(key);
            seen_values.push_back(value);
          }
          const auto query = q[layer].begin() + t * kQuery + h * D;
          const Floats head =
              st_reference::Attend(Floats(query, query + D), CONFIG::scale, seen_keys, seen_values, begin);
          want.insert(want.end(), head.begin(), head.end());
        }
      }
      SCOPED_TRACE(::testing::Message() << "layer " << layer);
      ExpectSameBits(WordsToRows(part, kQuery, total), want);
    }
  }
};

TEST_F(AttentionTest, OneTokenAtEveryKindOfPosition) {
  for (const int position : {0, 1, 7, 8, 15, 16, 31, 32, 33, 63, 64, 100, 159}) {
    SCOPED_TRACE(position);
    Check<AttentionConfig<kGrouped, 6, 2, 64>>({{3, position, 1}});
  }
}

TEST_F(AttentionTest, ChunksOfEveryLength) {
  for (int tokens = 1; tokens <= 16; ++tokens) {
    SCOPED_TRACE(tokens);
    Check<AttentionConfig<kGrouped, 6, 2, 64>>({{0, 0, tokens}});
    Check<AttentionConfig<kGrouped, 6, 2, 64>>({{2, 27, tokens}});
  }
}

TEST_F(AttentionTest, MixedSlots) {
  Check<AttentionConfig<kGrouped, 6, 2, 64>>({{9, 0, 3}, {1, 31, 4}, {15, 159, 1}, {0, 96, 5}, {4, 2, 3}});
  Check<AttentionConfig<kMixed, 4, 2, 32>>({{9, 0, 3}, {1, 31, 4}, {15, 159, 1}, {0, 96, 5}, {4, 2, 3}});
}

TEST_F(AttentionTest, MoreItemsThanFitAtOnce) {
  Check<LongConfig>({{7, 352, 16}});
  Check<LongConfig>({{3, 300, 7}, {5, 10, 4}, {1, 367, 5}});
}

TEST_F(AttentionTest, HeadsOfAnyWidth) {
  Check<AttentionConfig<kSingle, 2, 2, 16>>({{0, 40, 3}});
  Check<AttentionConfig<kSingle, 2, 2, 8>>({{0, 40, 3}});
  Check<AttentionConfig<kSingle, 2, 2, 80>>({{0, 40, 3}});
  Check<AttentionConfig<kSingle, 2, 2, 12>>({{0, 40, 3}});
  Check<AttentionConfig<kMixed, 4, 2, 128>>({{0, 40, 3}, {1, 70, 1}});
}

TEST_F(AttentionTest, MasksAndPageMaps) {
  Check<AttentionConfig<kGrouped, 6, 2, 64, -1>>({{0, 0, 3}, {1, 33, 4}});
  Check<AttentionConfig<kGrouped, 6, 2, 64, -40>>({{0, 0, 3}, {1, 33, 4}});
  Check<AttentionConfig<kGrouped, 6, 2, 64, 1>>({{0, 0, 3}, {1, 33, 4}});
  Check<AttentionConfig<kGrouped, 6, 2, 64, 0, 1>>({{0, 0, 3}, {1, 133, 4}});
}

// Windows that end within a page, at its border, within the step's own rows, and beyond the first position.
TEST_F(AttentionTest, Windows) {
  using Plain = AttentionConfig<kGrouped, 6, 2, 64>;
  for (const int position : {0, 1, 15, 31, 32, 63, 100, 159}) {
    SCOPED_TRACE(position);
    Check<Windowed<Plain, 1, 0>>({{3, position, 1}});
    Check<Windowed<Plain, 7, 32>>({{3, position, 1}});
    Check<Windowed<Plain, 33, 100>>({{3, position, 1}});
    Check<Windowed<Plain, 0, 4096>>({{3, position, 1}});
  }
  const std::vector<Slot> mixed = {{9, 0, 3}, {1, 31, 4}, {15, 159, 1}, {0, 96, 5}, {4, 2, 3}};
  Check<Windowed<Plain, 2, 40>>(mixed);
  Check<Windowed<AttentionConfig<kMixed, 4, 2, 32>, 3, 64>>(mixed);
  Check<Windowed<AttentionConfig<kSingle, 2, 2, 12>, 2, 17>>(mixed);
  Check<Windowed<AttentionConfig<kSingle, 2, 2, 8>, 2, 17>>(mixed);
  Check<Windowed<AttentionConfig<kGrouped, 6, 2, 64, -1>, 3, 35>>(mixed);
  Check<Windowed<AttentionConfig<kGrouped, 6, 2, 64, -40>, 3, 35>>(mixed);
  Check<Windowed<AttentionConfig<kGrouped, 6, 2, 64, 1>, 1, 35>>(mixed);
  for (int tokens = 1; tokens <= 16; ++tokens) Check<Windowed<Plain, 5, 21>>({{2, 27, tokens}});
}

TEST_F(AttentionTest, OnTwoThreads) {
  const WithSecondThread two_threads;
  for (int i = 0; i < 10; ++i) {
    Check<AttentionConfig<kGrouped, 6, 2, 64>>({{9, 0, 3}, {1, 31, 4}, {15, 159, 1}, {0, 96, 5}, {4, 2, 3}});
  }
  Check<AttentionConfig<kSingle, 2, 2, 12>>({{0, 40, 3}});
  Check<AttentionConfig<kGrouped, 6, 2, 64>>({});
}

TEST_F(AttentionTest, NoTokens) { Check<AttentionConfig<kGrouped, 6, 2, 64>>({}); }

template <int HEAD_DIM>
struct AppendConfig {
  static constexpr int layers = 3;
  static constexpr int kv_heads = 2;
  static constexpr int head_dim = HEAD_DIM;
};

template <class CONFIG>
void CheckAppend(std::mt19937& random) {
  constexpr int D = CONFIG::head_dim;
  constexpr int kWidth = CONFIG::kv_heads * D;
  const std::vector<st::token_header> tokens = {
      {0, 0, 31, 31, false, 4, 0}, {0, 0, 32, 31, false, 1, 0}, {0, 5, 7, 7, false, 2, 0}};
  const size_t elements = At<CONFIG>(6, 0, 0, 0, 0);
  st::host::AlignedArray<uint16_t> pools[2] = {st::host::AlignedArray<uint16_t>(elements),
                                               st::host::AlignedArray<uint16_t>(elements)};
  std::vector<uint16_t> want[2] = {std::vector<uint16_t>(elements), std::vector<uint16_t>(elements)};
  Words input[2];
  std::normal_distribution<float> normal(0.0f, 3.0f);
  for (int pool = 0; pool < 2; ++pool) {
    for (int layer = 0; layer < CONFIG::layers; ++layer) {
      Floats rows(tokens.size() * kWidth);
      for (float& v : rows) v = normal(random);
      rows[0] = 1.0e6f;   // infinity in float16
      rows[1] = 1.0e-7f;  // subnormal in float16
      const Words words = RowsToWords(rows, kWidth);
      input[pool].insert(input[pool].end(), words.begin(), words.end());
      for (size_t t = 0; t < tokens.size(); ++t) {
        for (int i = 0; i < kWidth; ++i) {
          want[pool][At<CONFIG>(tokens[t].page, layer, i / D, tokens[t].position % 32, i % D)] =
              st_reference::F16OfF32(rows[t * kWidth + i]);
        }
      }
    }
  }
  const std::vector<st::header_word> header = HeaderWords(tokens);
  RunDesign([&] {
    hls::stream<st::header_word, 2> headers("headers");
    hls::stream<st::word512, 2> k("k"), v("v");
    hls::stream<st::done_token, 2> done("done");
    auto wait = [](hls::stream<st::done_token>& token) { token.read(); };
    uint16_t* key_pages = pools[0].data();
    uint16_t* value_pages = pools[1].data();
    ST_PROCESS(Feed<st::header_word>, header, headers);
    ST_PROCESS(Feed<st::word512>, input[0], k);
    ST_PROCESS(Feed<st::word512>, input[1], v);
    ST_PROCESS(st::kv_append<CONFIG>, headers, k, v, key_pages, value_pages, done);
    ST_PROCESS(wait, done);
    ST_DATAFLOW_END
  });
  for (int pool = 0; pool < 2; ++pool) {
    EXPECT_TRUE(std::equal(want[pool].begin(), want[pool].end(), pools[pool].begin()));
  }
}

TEST_F(AttentionTest, AppendWritesItsRowsAndNothingElse) {
  CheckAppend<AppendConfig<64>>(random);
  CheckAppend<AppendConfig<20>>(random);
}

}  // namespace
}  // namespace st_test
