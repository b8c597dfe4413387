// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/pair_merges.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

namespace streamtensor::server {
namespace {

using Ids = std::vector<uint32_t>;

// Pairs as they are drawn: the token of one may be part of another of lower rank, which no training makes.
class RandomPairs {
 public:
  explicit RandomPairs(std::mt19937& random) {
    uint32_t rank = 0;
    const auto tokens = static_cast<uint32_t>(kLetters + 1 + random() % 40);
    for (uint32_t merged = kLetters; merged < tokens; ++merged) {
      const std::pair<uint32_t, uint32_t> pair(random() % tokens, random() % tokens);
      // Several pairs may have one rank.
      rank += random() % 4 != 0;
      pairs.Add(pair.first, pair.second, rank, merged);
      merges_.emplace(pair, std::pair(rank, merged));
    }
  }

  // By definition: the pair of least rank, leftmost first.
  Ids Encode(Ids ids) const {
    while (true) {
      const std::pair<uint32_t, uint32_t>* least = nullptr;  // rank and token
      size_t at = 0;
      for (size_t i = 0; i + 1 < ids.size(); ++i) {
        const auto merge = merges_.find({ids[i], ids[i + 1]});
        if (merge == merges_.end() || (least != nullptr && merge->second.first >= least->first)) continue;
        least = &merge->second;
        at = i;
      }
      if (least == nullptr) return ids;
      ids[at] = least->second;
      ids.erase(ids.begin() + static_cast<ptrdiff_t>(at) + 1);
    }
  }

  static constexpr uint32_t kLetters = 4;
  PairMerges pairs;

 private:
  std::map<std::pair<uint32_t, uint32_t>, std::pair<uint32_t, uint32_t>> merges_;
};

TEST(PairMerges, MergesInTheOrderOfRanks) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const RandomPairs reference(random);
    Ids word;
    const size_t symbols = 1 + random() % (i % 10 == 0 ? 400 : 60);
    // Few letters give long runs of one.
    const uint32_t letters = 1 + static_cast<uint32_t>(random() % RandomPairs::kLetters);
    while (word.size() < symbols) word.push_back(static_cast<uint32_t>(random() % letters));
    Encoding encoding((EncodeBounds()));
    ASSERT_TRUE(reference.pairs.Encode(word, encoding));
    ASSERT_EQ(encoding.ids, reference.Encode(word))
        << "seed " << seed << ", word " << ::testing::PrintToString(word);
  }
}

TEST(PairMerges, ALongWordCanBeStopped) {
  PairMerges pairs;
  pairs.Add(0, 0, 0, 1);
  int polls = 0;
  Encoding encoding({8 << 20, [&] {
                       ++polls;
                       return absl::CancelledError("gone");
                     }});
  EXPECT_FALSE(pairs.Encode(Ids(4 << 20, 0), encoding));
  EXPECT_EQ(polls, 1);
  EXPECT_EQ(std::move(encoding).Finish().status(), absl::CancelledError("gone"));
}

}  // namespace
}  // namespace streamtensor::server
