// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/page_pool.h"

#include <utility>

namespace streamtensor::server {

PagePool::PagePool(int32_t pages, int32_t page_tokens) : page_tokens_(page_tokens), pages_(pages) { Clear(); }

void PagePool::Clear() {
  known_.clear();
  contents_.clear();
  idle_.clear();
  empty_.clear();
  for (int32_t page = total() - 1; page >= 0; --page) {
    pages_[page] = Page();
    empty_.push_back(page);
  }
}

std::optional<int32_t> PagePool::Allocate() {
  int32_t page = 0;
  if (!empty_.empty()) {
    page = empty_.back();
    empty_.pop_back();
  } else if (!idle_.empty()) {
    page = idle_.front();
    idle_.pop_front();
    const auto content = contents_.find(pages_[page].content);
    known_.erase(content->second);
    contents_.erase(content);
    pages_[page].content = kRoot;
  } else {
    return std::nullopt;
  }
  pages_[page].holds = 1;
  return page;
}

void PagePool::Release(int32_t page) {
  if (--pages_[page].holds > 0) return;
  if (pages_[page].content == kRoot) {
    empty_.push_back(page);
  } else {
    pages_[page].idle = idle_.insert(idle_.end(), page);
  }
}

void PagePool::Hold(int32_t page) {
  if (pages_[page].holds++ == 0) idle_.erase(pages_[page].idle);
}

PagePool::Prefix PagePool::Match(std::span<const uint32_t> tokens, int32_t max_pages) {
  Prefix prefix;
  while (static_cast<int32_t>(prefix.pages.size()) < max_pages &&
         tokens.size() >= static_cast<size_t>(page_tokens_)) {
    const auto known = known_.find(Content{prefix.content, {tokens.begin(), tokens.begin() + page_tokens_}});
    if (known == known_.end()) break;
    Hold(known->second.page);
    prefix.pages.push_back(known->second.page);
    prefix.content = known->second.content;
    tokens = tokens.subspan(page_tokens_);
  }
  return prefix;
}

uint64_t PagePool::Publish(int32_t page, uint64_t before, std::span<const uint32_t> tokens) {
  Content content{before, {tokens.begin(), tokens.end()}};
  const auto [known, is_new] = known_.try_emplace(content, Known{page, last_content_ + 1});
  if (!is_new) return known->second.content;
  pages_[page].content = ++last_content_;
  contents_.emplace(last_content_, std::move(content));
  return last_content_;
}

}  // namespace streamtensor::server
