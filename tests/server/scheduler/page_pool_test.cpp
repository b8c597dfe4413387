// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/page_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>

namespace streamtensor::server {
namespace {

const std::vector<uint32_t> kTokens = {1, 2, 3, 4, 5, 6, 7, 8};

TEST(PagePool, GivesEachPageOnceAndTakesItBack) {
  PagePool pool(3, 4);
  std::set<int32_t> pages;
  for (int i = 0; i < 3; ++i) pages.insert(*pool.Allocate());
  EXPECT_EQ(pages, (std::set<int32_t>{0, 1, 2}));
  EXPECT_FALSE(pool.Allocate().has_value());
  EXPECT_EQ(pool.held(), 3);
  pool.Release(1);
  EXPECT_EQ(pool.Allocate(), 1);
}

TEST(PagePool, EqualPrefixesShareFullPages) {
  PagePool pool(4, 4);
  const int32_t first = *pool.Allocate();
  const int32_t second = *pool.Allocate();
  const uint64_t content = pool.Publish(first, PagePool::kRoot, std::span(kTokens).first(4));
  pool.Publish(second, content, std::span(kTokens).subspan(4));
  const PagePool::Prefix both = pool.Match(kTokens, 2);
  EXPECT_EQ(both.pages, (std::vector<int32_t>{first, second}));
  EXPECT_EQ(pool.Match(kTokens, 1).pages.size(), 1u);
  // The second page's tokens alone are another content: what stands before matters.
  EXPECT_TRUE(pool.Match(std::span(kTokens).subspan(4), 1).pages.empty());
}

TEST(PagePool, KeepsContentUntilThePageIsNeeded) {
  PagePool pool(2, 4);
  const int32_t page = *pool.Allocate();
  pool.Publish(page, PagePool::kRoot, std::span(kTokens).first(4));
  pool.Release(page);
  EXPECT_EQ(pool.cached(), 1);
  EXPECT_EQ(pool.held(), 0);
  EXPECT_EQ(pool.Match(kTokens, 1).pages, std::vector<int32_t>{page});
  EXPECT_EQ(pool.cached(), 0);
  pool.Release(page);
  EXPECT_NE(*pool.Allocate(), page) << "an empty page goes first";
  EXPECT_EQ(*pool.Allocate(), page);
  EXPECT_TRUE(pool.Match(kTokens, 1).pages.empty());
}

TEST(PagePool, ForgetsTheLeastRecentlyUsedFirst) {
  PagePool pool(2, 4);
  const int32_t a = *pool.Allocate();
  const int32_t b = *pool.Allocate();
  const std::vector<uint32_t> other = {9, 9, 9, 9};
  pool.Publish(a, PagePool::kRoot, std::span(kTokens).first(4));
  pool.Publish(b, PagePool::kRoot, other);
  pool.Release(a);
  pool.Release(b);
  pool.Release(pool.Match(kTokens, 1).pages.at(0));  // a is used again
  EXPECT_EQ(*pool.Allocate(), b);
  EXPECT_EQ(pool.Match(kTokens, 1).pages, std::vector<int32_t>{a});
}

TEST(PagePool, TheSameContentTwiceIsKnownOnce) {
  PagePool pool(2, 4);
  const int32_t a = *pool.Allocate();
  const int32_t b = *pool.Allocate();
  const uint64_t content = pool.Publish(a, PagePool::kRoot, std::span(kTokens).first(4));
  EXPECT_EQ(pool.Publish(b, PagePool::kRoot, std::span(kTokens).first(4)), content);
  pool.Release(b);
  EXPECT_EQ(pool.cached(), 0) << "the double is empty, not cached";
  EXPECT_EQ(pool.available(), 1);
}

// Any operations in any order: pages are conserved, and what is found by its content is what was published.
TEST(PagePool, RandomOperationsKeepItsInvariants) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    PagePool pool(1 + static_cast<int32_t>(random() % 6), 2);
    std::vector<int32_t> references;    // one entry each
    std::map<int32_t, bool> published;  // pages of Allocate()
    std::map<uint64_t, std::vector<uint32_t>> contents;
    for (int i = 0; i < 500; ++i) {
      const uint64_t action = random() % 5;
      if (action == 0) {
        if (const std::optional<int32_t> page = pool.Allocate()) {
          EXPECT_TRUE(pool.writable(*page));
          references.push_back(*page);
          published[*page] = false;
        } else {
          EXPECT_EQ(pool.held(), pool.total());
        }
      } else if (action == 1 && !references.empty()) {
        const size_t at = random() % references.size();
        pool.Release(references[at]);
        references.erase(references.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (action == 2 && !references.empty()) {
        const int32_t page = references[random() % references.size()];
        if (std::exchange(published[page], true)) continue;
        const std::vector<uint32_t> tokens = {static_cast<uint32_t>(random() % 3), 7};
        const uint64_t content = pool.Publish(page, PagePool::kRoot, tokens);
        EXPECT_TRUE(contents.emplace(content, tokens).first->second == tokens);
      } else if (action == 3) {
        const std::vector<uint32_t> tokens = {static_cast<uint32_t>(random() % 3), 7, 9};
        const PagePool::Prefix prefix = pool.Match(tokens, 1);
        if (!prefix.pages.empty()) {
          EXPECT_EQ(contents.at(prefix.content)[0], tokens[0]);
          EXPECT_FALSE(pool.writable(prefix.pages[0]));
          references.push_back(prefix.pages[0]);
        }
      } else if (action == 4 && random() % 50 == 0) {
        pool.Clear();
        references.clear();
      }
      pool.CheckInvariants();
      EXPECT_EQ(pool.held(), static_cast<int32_t>(std::set(references.begin(), references.end()).size()));
    }
  }
}

TEST(PagePoolDeathTest, ACallerThatBreaksARuleAborts) {
  PagePool pool(2, 4);
  EXPECT_DEATH(pool.Release(0), "page_pool.cpp:[0-9]+: check failed: released.references > 0: page 0");
  EXPECT_DEATH(pool.Release(2), "page 2 of 2");
  EXPECT_DEATH(pool.Publish(0, PagePool::kRoot, std::span(kTokens).first(4)), "check failed");
  const int32_t page = *pool.Allocate();
  EXPECT_DEATH(pool.Publish(page, PagePool::kRoot, std::span(kTokens).first(3)), "tokens.size");
  pool.Publish(page, PagePool::kRoot, std::span(kTokens).first(4));
  EXPECT_DEATH(pool.Publish(page, PagePool::kRoot, std::span(kTokens).subspan(4)), "check failed");
  pool.Release(page);
  EXPECT_DEATH(pool.Release(page), "check failed: released.references > 0");
}

}  // namespace
}  // namespace streamtensor::server
