// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/prefix_affinity.h"

#include <gtest/gtest.h>

#include <numeric>

namespace streamtensor::server {
namespace {

std::vector<uint32_t> Prompt(size_t tokens, uint32_t first = 0) {
  std::vector<uint32_t> prompt(tokens);
  std::iota(prompt.begin(), prompt.end(), first);
  return prompt;
}

std::vector<uint64_t> Digests(const std::vector<uint32_t>& prompt) { return PrefixDigests(prompt, 4); }

TEST(PrefixAffinity, FindsTheLongestBeginning) {
  PrefixAffinity affinity(100);
  EXPECT_EQ(Digests(Prompt(3)).size(), 0u);
  EXPECT_EQ(Digests(Prompt(11)).size(), 2u);
  affinity.Record(Digests(Prompt(8)), 1);
  std::vector<uint32_t> longer = Prompt(16);
  auto hint = affinity.Find(Digests(longer));
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->card, 1u);
  EXPECT_EQ(hint->pages, 2);
  longer[5] = 99;
  hint = affinity.Find(Digests(longer));
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->pages, 1);
  EXPECT_FALSE(affinity.Find(Digests(Prompt(8, 1))).has_value());
}

TEST(PrefixAffinity, TheLatestCardCounts) {
  PrefixAffinity affinity(100);
  affinity.Record(Digests(Prompt(8)), 1);
  affinity.Record(Digests(Prompt(4)), 2);
  EXPECT_EQ(affinity.Find(Digests(Prompt(4)))->card, 2u);
  EXPECT_EQ(affinity.Find(Digests(Prompt(8)))->card, 1u);
}

TEST(PrefixAffinity, ForgetsTheLeastRecentlyUsed) {
  PrefixAffinity affinity(6);
  affinity.Record(Digests(Prompt(12)), 0);
  affinity.Record(Digests(Prompt(12, 100)), 1);
  affinity.Record(Digests(Prompt(4)), 0);
  affinity.Record(Digests(Prompt(8, 200)), 2);
  EXPECT_EQ(affinity.size(), 6u);
  EXPECT_EQ(affinity.Find(Digests(Prompt(12)))->pages, 1);
  EXPECT_EQ(affinity.Find(Digests(Prompt(12, 100)))->pages, 3);
}

}  // namespace
}  // namespace streamtensor::server
