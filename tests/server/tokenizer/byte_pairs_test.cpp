// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/byte_pairs.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>

namespace streamtensor::server {
namespace {

using Ids = std::vector<uint32_t>;

// Pairs as they are drawn: the token of one may be part of another of lower rank, which no training makes.
class RandomPairs {
 public:
  explicit RandomPairs(std::mt19937& random) {
    for (uint32_t letter = 0; letter < kLetters; ++letter) pairs.SetByte('a' + letter, letter);
    const auto tokens = static_cast<uint32_t>(kLetters + 1 + random() % 40);
    for (uint32_t merged = kLetters; merged < tokens; ++merged) {
      const std::pair<uint32_t, uint32_t> pair(random() % tokens, random() % tokens);
      pairs.AddMerge(pair.first, pair.second, merged);
      if (ranks_.emplace(pair, merges_.size()).second) merges_.push_back(merged);
    }
  }

  // By definition: the pair of least rank, leftmost first.
  Ids Encode(const std::string& word) const {
    Ids ids;
    for (const char c : word) ids.push_back(static_cast<uint32_t>(c - 'a'));
    while (true) {
      size_t least = merges_.size(), at = 0;
      for (size_t i = 0; i + 1 < ids.size(); ++i) {
        const auto rank = ranks_.find({ids[i], ids[i + 1]});
        if (rank == ranks_.end() || rank->second >= least) continue;
        least = rank->second;
        at = i;
      }
      if (least == merges_.size()) return ids;
      ids[at] = merges_[least];
      ids.erase(ids.begin() + static_cast<ptrdiff_t>(at) + 1);
    }
  }

  static constexpr uint32_t kLetters = 4;
  BytePairs pairs;

 private:
  std::map<std::pair<uint32_t, uint32_t>, size_t> ranks_;
  std::vector<uint32_t> merges_;
};

TEST(BytePairs, MergesInTheOrderOfRanks) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const RandomPairs reference(random);
    std::string word;
    const size_t bytes = 1 + random() % (i % 10 == 0 ? 400 : 60);
    // Few letters give long runs of one.
    const uint32_t letters = 1 + static_cast<uint32_t>(random() % RandomPairs::kLetters);
    while (word.size() < bytes) word += static_cast<char>('a' + random() % letters);
    Encoding encoding((EncodeBounds()));
    ASSERT_TRUE(reference.pairs.Encode(word, encoding));
    ASSERT_EQ(encoding.ids, reference.Encode(word)) << "seed " << seed << ", word " << word;
  }
}

TEST(BytePairs, ALongWordCanBeStopped) {
  BytePairs pairs;
  pairs.SetByte('a', 0);
  pairs.AddMerge(0, 0, 1);
  EXPECT_FALSE(pairs.SpellsAllBytes());
  int polls = 0;
  Encoding encoding({8 << 20, [&] {
                       ++polls;
                       return absl::CancelledError("gone");
                     }});
  EXPECT_FALSE(pairs.Encode(std::string(4 << 20, 'a'), encoding));
  EXPECT_EQ(polls, 1);
  EXPECT_EQ(std::move(encoding).Finish().status(), absl::CancelledError("gone"));
}

}  // namespace
}  // namespace streamtensor::server
