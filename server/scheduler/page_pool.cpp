// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/page_pool.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace streamtensor::server {

PagePool::PagePool(int32_t pages, int32_t page_tokens) : page_tokens_(page_tokens), pages_(pages) {
  ST_CHECK(page_tokens > 0);
  Clear();
}

void PagePool::Clear() {
  known_.clear();
  contents_.clear();
  cached_.clear();
  free_.clear();
  held_ = 0;
  for (int32_t page = total() - 1; page >= 0; --page) {
    pages_[page] = Page();
    free_.push_back(page);
  }
  CheckConservation();
}

std::optional<int32_t> PagePool::Allocate() {
  int32_t page = 0;
  if (!free_.empty()) {
    page = free_.back();
    free_.pop_back();
  } else if (!cached_.empty()) {
    page = cached_.front();
    cached_.pop_front();
    const auto content = contents_.find(pages_[page].content);
    ST_CHECK(content != contents_.end(), "cached page ", page);
    ST_CHECK(known_.erase(content->second) == 1, "cached page ", page);
    contents_.erase(content);
    pages_[page].content = kRoot;
  } else {
    return std::nullopt;
  }
  ST_CHECK(pages_[page].references == 0, "page ", page);
  ST_CHECK(pages_[page].content == kRoot, "page ", page);
  pages_[page].references = 1;
  ++held_;
  CheckConservation();
  return page;
}

void PagePool::Release(int32_t page) {
  Page& released = at(page);
  ST_CHECK(released.references > 0, "page ", page);
  if (--released.references > 0) return;
  --held_;
  if (released.content == kRoot) {
    free_.push_back(page);
  } else {
    released.cached = cached_.insert(cached_.end(), page);
  }
  CheckConservation();
}

void PagePool::AddReference(int32_t page) {
  Page& known = at(page);
  ST_CHECK(known.content != kRoot, "page ", page);
  if (known.references++ > 0) return;
  cached_.erase(known.cached);
  ++held_;
  CheckConservation();
}

PagePool::Prefix PagePool::Match(std::span<const uint32_t> tokens, int32_t max_pages) {
  Prefix prefix;
  while (static_cast<int32_t>(prefix.pages.size()) < max_pages &&
         tokens.size() >= static_cast<size_t>(page_tokens_)) {
    const auto known = known_.find(Content{prefix.content, {tokens.begin(), tokens.begin() + page_tokens_}});
    if (known == known_.end()) break;
    AddReference(known->second.page);
    prefix.pages.push_back(known->second.page);
    prefix.content = known->second.content;
    tokens = tokens.subspan(page_tokens_);
  }
  return prefix;
}

uint64_t PagePool::Publish(int32_t page, uint64_t before, std::span<const uint32_t> tokens) {
  Page& published = at(page);
  ST_CHECK(published.references > 0, "page ", page);
  ST_CHECK(published.content == kRoot, "page ", page);
  ST_CHECK(tokens.size() == static_cast<size_t>(page_tokens_));
  Content content{before, {tokens.begin(), tokens.end()}};
  const auto [known, is_new] = known_.try_emplace(content, Known{page, last_content_ + 1});
  if (!is_new) return known->second.content;
  published.content = ++last_content_;
  contents_.emplace(last_content_, std::move(content));
  ST_CHECK(known_.size() == contents_.size());
  return last_content_;
}

int32_t PagePool::references(int32_t page) const {
  ST_CHECK(page >= 0 && page < total(), "page ", page, " of ", total());
  return pages_[page].references;
}

bool PagePool::writable(int32_t page) const { return references(page) == 1 && pages_[page].content == kRoot; }

PagePool::Page& PagePool::at(int32_t page) {
  ST_CHECK(page >= 0 && page < total(), "page ", page, " of ", total());
  return pages_[page];
}

void PagePool::CheckConservation() const {
  ST_CHECK(held_ + available() == total(), held_, " held, ", free_.size(), " free, ", cached_.size(),
           " cached, ", total(), " in all");
}

void PagePool::CheckInvariants() const {
  CheckConservation();
  ST_CHECK(std::count_if(pages_.begin(), pages_.end(),
                         [](const Page& page) { return page.references > 0; }) == held_);
  std::vector<int32_t> places(pages_.size());  // how many times a page is in free_ and cached_
  for (const int32_t page : free_) {
    ++places.at(page);
    ST_CHECK(pages_[page].content == kRoot, "free page ", page);
  }
  for (auto it = cached_.begin(); it != cached_.end(); ++it) {
    ++places.at(*it);
    ST_CHECK(pages_[*it].content != kRoot, "cached page ", *it);
    ST_CHECK(pages_[*it].cached == it, "cached page ", *it);
  }
  size_t known_pages = 0;
  for (int32_t page = 0; page < total(); ++page) {
    const Page& each = pages_[page];
    ST_CHECK(each.references >= 0, "page ", page);
    ST_CHECK(places[page] == (each.references > 0 ? 0 : 1), "page ", page);
    if (each.content == kRoot) continue;
    ++known_pages;
    const auto content = contents_.find(each.content);
    ST_CHECK(content != contents_.end(), "page ", page);
    const auto known = known_.find(content->second);
    ST_CHECK(known != known_.end() && known->second.page == page, "page ", page);
    ST_CHECK(known->second.content == each.content, "page ", page);
  }
  ST_CHECK(known_pages == known_.size() && known_pages == contents_.size(), known_pages, " pages, ",
           known_.size(), " known, ", contents_.size(), " contents");
}

}  // namespace streamtensor::server
