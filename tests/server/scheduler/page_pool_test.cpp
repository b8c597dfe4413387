// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/page_pool.h"

#include <gtest/gtest.h>

#include <set>

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

}  // namespace
}  // namespace streamtensor::server
