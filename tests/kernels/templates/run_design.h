// SPDX-License-Identifier: Apache-2.0
// Runs a dataflow body written in a test on the card's fibers, feeds streams and collects them.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "kernels/st/dataflow.h"
#include "kernels/st/header.h"
#include "runtime/card/design_launcher.h"
#include "runtime/card/float_mode.h"
#include "runtime/card/second_thread.h"

namespace st_test {

using Floats = std::vector<float>;
using Words = std::vector<st::word512>;

template <class Body>
void Top(Body* body) {
  (*body)();
}

// While one lives, designs run with a second thread.
class WithSecondThread {
 public:
  WithSecondThread() { current() = &thread_; }
  ~WithSecondThread() { current() = nullptr; }
  static streamtensor::runtime::card::SecondThread*& current() {
    static streamtensor::runtime::card::SecondThread* thread = nullptr;
    return thread;
  }

 private:
  streamtensor::runtime::card::SecondThread thread_;
};

// `body` declares streams, uses ST_PROCESS and ends with ST_DATAFLOW_END. Run in the usual and in a
// random order of processes.
template <class Body>
void RunDesign(Body body) {
  const auto launcher = streamtensor::runtime::card::DesignLauncher::FromFunction(
      [](const st_host_api* api, void* const* args) { return st::host::launch_top(&Top<Body>, api, args); });
  void* const args[] = {&body};
  for (const uint64_t seed : {0u, 7u}) {
    streamtensor::runtime::card::LaunchOptions options;
    if (seed != 0) options.order_seed = &seed;
    options.second_thread = WithSecondThread::current();
    const auto report = launcher->Launch(args, options);
    ASSERT_EQ(report.code, streamtensor::runtime::card::LaunchCode::kCompleted) << report.message;
  }
}

// Process: writes all elements.
template <class T>
void Feed(const std::vector<T>& elements, hls::stream<T>& out) {
  for (const T& element : elements) out.write(element);
}

// Process: reads `count` elements.
template <class T>
void Collect(hls::stream<T>& in, size_t count, std::vector<T>& elements) {
  elements.clear();
  for (size_t i = 0; i < count; ++i) elements.push_back(in.read());
}

// Rows of `width` floats as words, rows outer or 16-column tiles outer.
inline Words RowsToWords(const Floats& rows, int width, bool tiles_outer = false) {
  const int tiles = (width + 15) / 16;
  const int count = static_cast<int>(rows.size()) / width;
  Words words;
  auto word_at = [&](int row, int tile) {
    st::word512 word(0);
    for (int i = 0; i < 16 && 16 * tile + i < width; ++i) {
      st::set_lane_f32(word, i, rows[row * width + 16 * tile + i]);
    }
    words.push_back(word);
  };
  if (tiles_outer) {
    for (int tile = 0; tile < tiles; ++tile) {
      for (int row = 0; row < count; ++row) word_at(row, tile);
    }
  } else {
    for (int row = 0; row < count; ++row) {
      for (int tile = 0; tile < tiles; ++tile) word_at(row, tile);
    }
  }
  return words;
}

inline Floats WordsToRows(const Words& words, int width, int count, bool tiles_outer = false) {
  const int tiles = (width + 15) / 16;
  Floats rows(static_cast<size_t>(width) * count);
  for (size_t w = 0; w < words.size(); ++w) {
    const int row = static_cast<int>(tiles_outer ? w % count : w / tiles);
    const int tile = static_cast<int>(tiles_outer ? w / count : w % tiles);
    for (int i = 0; i < 16 && 16 * tile + i < width; ++i) {
      rows[row * width + 16 * tile + i] = st::lane_f32(words[w], i);
    }
  }
  return rows;
}

inline void ExpectSameBits(const Floats& got, const Floats& want) {
  ASSERT_EQ(got.size(), want.size());
  int shown = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const uint32_t a = std::bit_cast<uint32_t>(got[i]);
    const uint32_t b = std::bit_cast<uint32_t>(want[i]);
    if (a != b && ++shown <= 5) {
      ADD_FAILURE() << "element " << i << ": got " << got[i] << " (" << std::hex << a << "), want " << want[i]
                    << " (" << b << ")";
    }
  }
}

// What `header` would send for these tokens.
inline std::vector<st::header_word> HeaderWords(const std::vector<st::token_header>& tokens) {
  std::vector<st::header_word> words(1);
  words[0] = {{static_cast<uint32_t>(tokens.size()), 0, st::contract::kStatusDone, 0, 0, 0, 0, 0}};
  for (const st::token_header& token : tokens) {
    if (token.wants_logits) ++words[0].field[1];
    words.push_back(
        {{static_cast<uint32_t>(token.id), static_cast<uint32_t>(token.slot),
          static_cast<uint32_t>(token.position), static_cast<uint32_t>(token.start),
          token.wants_logits ? st::contract::kWantsLogitsFlag : 0, static_cast<uint32_t>(token.page),
          static_cast<uint32_t>(token.position % st::contract::kPageTokens), 0}});
  }
  return words;
}

// T tokens, each of its own slot; the first `logits` of them want logits.
inline std::vector<st::header_word> HeaderWords(int tokens, int logits) {
  std::vector<st::token_header> list;
  for (int t = 0; t < tokens; ++t) list.push_back({t, t, 0, 0, t < logits, t, 0});
  return HeaderWords(list);
}

// Sets the numerics' float mode for a whole test, references included; prints the seed.
class TemplateTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kSeed = 20240611;
  TemplateTest() : random(kSeed) { std::printf("seed %u\n", kSeed); }

  Floats RandomFloats(size_t count, float scale = 1.0f) {
    std::normal_distribution<float> normal(0.0f, scale);
    Floats values(count);
    for (float& v : values) v = normal(random);
    return values;
  }
  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }

  std::mt19937 random;

 private:
  streamtensor::runtime::card::ScopedFloatMode float_mode_;
};

}  // namespace st_test
