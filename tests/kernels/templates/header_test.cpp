// SPDX-License-Identifier: Apache-2.0
#include "kernels/st/header.h"

#include "aligned_array.h"
#include "tests/kernels/templates/run_design.h"

namespace st_test {
namespace {

template <int STEP_TOKENS, int MAX_PAGES>
struct HeaderConfig {
  static constexpr int step_tokens = STEP_TOKENS;
  static constexpr int step_logits = STEP_TOKENS;
  static constexpr int max_pages = MAX_PAGES;
  static constexpr int vocabulary = 100;
};

struct Token {
  uint32_t id, slot, position, start, flags;
};

// The page of logical page i of a slot, in these tests.
uint32_t PageOf(uint32_t slot, uint32_t i) { return (7 * slot + 3 * i + 1) % 50; }

// Written from the table in docs/architecture.md section 3. Padded to whole words of 512 bits.
std::vector<uint32_t> Descriptor(const std::vector<Token>& tokens, uint32_t step_tokens, uint32_t max_pages) {
  std::vector<uint32_t> words((16 + 8 * step_tokens + max_pages * step_tokens + 15) / 16 * 16, 0);
  words[0] = 0x44535453;
  words[1] = 1;
  words[2] = static_cast<uint32_t>(tokens.size());
  words[4] = 50;
  words[5] = max_pages;
  for (size_t t = 0; t < tokens.size(); ++t) {
    const Token& token = tokens[t];
    words[16 + 8 * t + 0] = token.id;
    words[16 + 8 * t + 1] = token.slot;
    words[16 + 8 * t + 2] = token.position;
    words[16 + 8 * t + 3] = token.start;
    words[16 + 8 * t + 4] = token.flags;
    words[3] += token.flags & 1;
  }
  for (uint32_t slot = 0; slot < step_tokens; ++slot) {
    for (uint32_t i = 0; i < max_pages; ++i) {
      words[16 + 8 * step_tokens + max_pages * slot + i] = PageOf(slot, i);
    }
  }
  return words;
}

struct Outcome {
  st::step_header header;
  Words pages;
  uint32_t status[16];
};

// header_with_pages -> fan-out -> a reader, and write_status.
template <class CONFIG>
Outcome RunHeader(const std::vector<uint32_t>& words) {
  st::host::AlignedArray<st::word512> descriptor(words.size() / 16);
  for (size_t i = 0; i < words.size(); ++i) st::set_lane_u32(descriptor[i / 16], i % 16, words[i]);
  st::host::AlignedArray<st::word512> status(1);
  for (int i = 0; i < 16; ++i) st::set_lane_u32(status[0], i, 0xffffffffu);
  Outcome outcome;
  RunDesign([&] {
    hls::stream<st::header_word, 2> all("all"), to_reader("to_reader"), to_status("to_status");
    hls::stream<st::word512, 2> pages("pages");
    hls::stream<st::done_token, 2> done_a("done_a"), done_b("done_b");
    auto fan_out = [](hls::stream<st::header_word>& in, hls::stream<st::header_word>& a,
                      hls::stream<st::header_word>& b) {
      st::header_word word = in.read();
      const int tokens = st::header_tokens(word);
      a.write(word);
      b.write(word);
      for (int t = 0; t < tokens; ++t) {
        word = in.read();
        a.write(word);
        b.write(word);
      }
    };
    auto reader = [&](hls::stream<st::header_word>& in, hls::stream<st::word512>& page_words,
                      hls::stream<st::done_token>& a, hls::stream<st::done_token>& b) {
      st::read_header(in, outcome.header);
      outcome.pages.clear();
      for (int i = 0; i < st::descriptor_layout<CONFIG>::page_beats; ++i) {
        outcome.pages.push_back(page_words.read());
      }
      b.write(1);
      // Before the last done token there is no "done"; an error is told at once.
      const uint32_t code = st::lane_u32(status[0], 0);
      EXPECT_TRUE(code != st::contract::kStatusDone || outcome.header.tokens == 0);
      a.write(1);
      st::set_lane_u32(status[0], 15, 0xffffffffu);
    };
    for (int i = 0; i < 16; ++i) st::set_lane_u32(status[0], i, 0xffffffffu);
    const st::word512* descriptor_pointer = descriptor.data();
    st::word512* status_pointer = status.data();
    ST_PROCESS(st::header_with_pages<CONFIG>, descriptor_pointer, all, pages);
    ST_PROCESS(fan_out, all, to_reader, to_status);
    ST_PROCESS(reader, to_reader, pages, done_a, done_b);
    ST_PROCESS(st::write_status, to_status, status_pointer, done_a, done_b);
    ST_DATAFLOW_END
  });
  for (int i = 0; i < 16; ++i) outcome.status[i] = st::lane_u32(status[0], i);
  return outcome;
}

using Big = HeaderConfig<16, 64>;
using Odd = HeaderConfig<3, 5>;

class HeaderTest : public TemplateTest {};

// A slot in the middle of its sequence, one that begins, one that decodes far behind.
const std::vector<Token> kMixed = {
    {5, 1, 30, 30, 0}, {6, 1, 31, 30, 0}, {7, 1, 32, 30, 1}, {8, 0, 0, 0, 1}, {99, 2, 159, 159, 1}};

TEST_F(HeaderTest, SendsTokensAndPages) {
  const Outcome outcome = RunHeader<Big>(Descriptor(kMixed, 16, 64));
  EXPECT_EQ(outcome.status[0], 1u);
  ASSERT_EQ(outcome.header.tokens, 5);
  EXPECT_EQ(outcome.header.logits, 3);
  for (size_t t = 0; t < kMixed.size(); ++t) {
    const st::token_header& token = outcome.header.token[t];
    EXPECT_EQ(token.id, static_cast<int>(kMixed[t].id));
    EXPECT_EQ(token.slot, static_cast<int>(kMixed[t].slot));
    EXPECT_EQ(token.position, static_cast<int>(kMixed[t].position));
    EXPECT_EQ(token.start, static_cast<int>(kMixed[t].start));
    EXPECT_EQ(token.wants_logits, kMixed[t].flags == 1);
    EXPECT_EQ(token.page, static_cast<int>(PageOf(kMixed[t].slot, kMixed[t].position / 32)));
    EXPECT_EQ(token.row, static_cast<int>(kMixed[t].position % 32));
  }
  for (int i = 0; i < 16 * 64; ++i) {
    ASSERT_EQ(st::lane_u32(outcome.pages[i / 16], i % 16), PageOf(i / 64, i % 64));
  }
}

TEST_F(HeaderTest, OddSizesFitTheirWords) {
  for (uint32_t tokens = 1; tokens <= 3; ++tokens) {
    std::vector<Token> list;
    for (uint32_t t = 0; t < tokens; ++t) list.push_back({t, t, 40 * t, 40 * t, 0});
    const Outcome outcome = RunHeader<Odd>(Descriptor(list, 3, 5));
    EXPECT_EQ(outcome.status[0], 1u) << outcome.status[1];
    EXPECT_EQ(outcome.header.tokens, static_cast<int>(tokens));
    for (int i = 0; i < 15; ++i) EXPECT_EQ(st::lane_u32(outcome.pages[0], i), PageOf(i / 5, i % 5));
  }
}

TEST_F(HeaderTest, TellsWhatIsWrong) {
  struct Case {
    const char* name;
    int word;  // changed to `value`
    uint32_t value;
    uint32_t code, index;
  };
  const int tokens = 16, pages = 16 + 8 * 16;
  const Case cases[] = {
      {"magic", 0, 0, 2, 0},
      {"version", 1, 2, 2, 1},
      {"no tokens", 2, 0, 3, 0},
      {"too many tokens", 2, 17, 3, 0},
      {"huge T", 2, 0xffffffffu, 3, 0},
      {"W too small", 3, 2, 4, 0},
      {"W too large", 3, 4, 4, 0},
      {"token id", tokens + 8 * 3, 100, 5, 3},
      {"negative token id", tokens + 8 * 3, 0xffffffffu, 5, 3},
      {"slot", tokens + 8 * 4 + 1, 16, 6, 4},
      {"huge slot", tokens + 8 * 4 + 1, 0x80000001u, 6, 4},
      {"slot comes back", tokens + 8 * 4 + 1, 1, 6, 4},
      {"position gap", tokens + 8 * 1 + 2, 32, 7, 1},
      {"first position is not start", tokens + 8 * 0 + 2, 31, 7, 0},
      {"position beyond the table", tokens + 8 * 4 + 2, 2048, 7, 4},
      {"start above position", tokens + 8 * 4 + 3, 160, 8, 4},
      {"start changes", tokens + 8 * 1 + 3, 29, 8, 1},
      {"page", pages + 64 * 2 + 4, 50, 9, 64 * 2 + 4},
      {"page long before the first position", pages + 64 * 2 + 1, 50, 9, 64 * 2 + 1},
      {"negative page", pages + 64 * 1 + 0, 0xffffffffu, 9, 64},
      {"first page of the slot's last token", pages + 64 * 1 + 1, 50, 9, 65},
      {"M", 5, 63, 10, 0},
      {"reserved", 15, 1, 11, 15},
      {"reserved flag", tokens + 8 * 0 + 4, 2, 11, 20},
      {"reserved token word", tokens + 8 * 2 + 7, 5, 11, 39},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<uint32_t> words = Descriptor(kMixed, 16, 64);
    words[c.word] = c.value;
    // A position at start itself, so that only the end of the table is at fault.
    if (c.value == 2048) words[tokens + 8 * 4 + 3] = 2048;
    const Outcome outcome = RunHeader<Big>(words);
    EXPECT_EQ(outcome.header.tokens, 0);
    EXPECT_EQ(outcome.header.logits, 0);
    EXPECT_EQ(outcome.status[0], c.code);
    EXPECT_EQ(outcome.status[1], c.index);
    EXPECT_EQ(outcome.status[2], c.value);
  }
}

TEST_F(HeaderTest, PagesPastTheLastPositionAreNotLookedAt) {
  std::vector<uint32_t> words = Descriptor(kMixed, 16, 64);
  words[16 + 8 * 16 + 64 * 1 + 2] = 0xffffffffu;  // slot 1 ends in logical page 1
  words[16 + 8 * 16 + 64 * 9] = 0xffffffffu;      // slot 9 has no tokens
  EXPECT_EQ(RunHeader<Big>(words).status[0], 1u);
}

TEST_F(HeaderTest, RandomDescriptorsNeverOverrun) {
  for (int repeat = 0; repeat < 300; ++repeat) {
    std::vector<uint32_t> words = Descriptor(kMixed, 16, 64);
    for (int change = 0; change < 3; ++change) {
      const uint32_t values[] = {0, 1, 15, 16, 17, 31, 32, 0x7fffffffu, 0x80000000u, 0xffffffffu};
      words[Uniform(2, 16 + 8 * 16 + 200)] = values[Uniform(0, 9)];
    }
    const Outcome outcome = RunHeader<Big>(words);
    EXPECT_LE(outcome.header.tokens, 16);
    EXPECT_EQ(outcome.header.tokens == 0, outcome.status[0] != 1u);
  }
}

TEST_F(HeaderTest, ReadersClampWhatTheyAreSent) {
  std::vector<st::header_word> sent = HeaderWords(16, 16);
  sent[0].field[0] = 1000;
  sent[0].field[1] = 1000;
  sent[1].field[1] = 1000;
  st::step_header header;
  RunDesign([&] {
    hls::stream<st::header_word, 2> in("in");
    auto read = [&](hls::stream<st::header_word>& from) { st::read_header(from, header); };
    ST_PROCESS(Feed<st::header_word>, sent, in);
    ST_PROCESS(read, in);
    ST_DATAFLOW_END
  });
  EXPECT_EQ(header.tokens, 16);
  EXPECT_EQ(header.logits, 16);
  EXPECT_LT(header.token[0].slot, 16);
}

}  // namespace
}  // namespace st_test
