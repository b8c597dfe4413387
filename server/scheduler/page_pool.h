// SPDX-License-Identifier: Apache-2.0
// Who holds which KV page of one card, and what full pages hold, so that equal prefixes share them.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace streamtensor::server {

// A full page is known by its content: its tokens and the page before it, which in turn stands for
// everything before. That chain is compared exactly, not by a digest. A page that nobody holds keeps its
// content until it is needed for something else, least recently used first. Not thread-safe.
class PagePool {
 public:
  // What stands before the first page.
  static constexpr uint64_t kRoot = 0;

  PagePool(int32_t pages, int32_t page_tokens);

  // A page for new rows, held once by the caller; nullopt when all are held.
  std::optional<int32_t> Allocate();
  // Gives up one hold.
  void Release(int32_t page);

  struct Prefix {
    std::vector<int32_t> pages;  // held once more for the caller
    uint64_t content = kRoot;    // names what the last of them holds
  };
  // The longest run of known pages, at most `max_pages`, that `tokens` begins with.
  Prefix Match(std::span<const uint32_t> tokens, int32_t max_pages);

  // Makes a held page known, once the launch that filled it has completed: `tokens` are its page_tokens
  // tokens, `before` names the page before it. Returns the content's name. When another page is known
  // for the same content already, that one stays the known one.
  uint64_t Publish(int32_t page, uint64_t before, std::span<const uint32_t> tokens);

  // Forgets all: the card was reset.
  void Clear();

  int32_t total() const { return static_cast<int32_t>(pages_.size()); }
  int32_t held() const { return total() - available(); }
  int32_t cached() const { return static_cast<int32_t>(idle_.size()); }
  int32_t available() const { return static_cast<int32_t>(empty_.size() + idle_.size()); }
  int32_t page_tokens() const { return page_tokens_; }

 private:
  struct Content {
    uint64_t before;
    std::vector<uint32_t> tokens;
    bool operator==(const Content&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Content& c) {
      return H::combine(std::move(h), c.before, c.tokens);
    }
  };
  struct Page {
    int32_t holds = 0;
    uint64_t content = kRoot;  // kRoot: not known
    std::list<int32_t>::iterator idle;
  };
  struct Known {
    int32_t page;
    uint64_t content;
  };

  void Hold(int32_t page);

  const int32_t page_tokens_;
  std::vector<Page> pages_;
  std::vector<int32_t> empty_;
  std::list<int32_t> idle_;  // known, held by nobody; least recently used first
  absl::flat_hash_map<Content, Known> known_;
  absl::flat_hash_map<uint64_t, Content> contents_;
  uint64_t last_content_ = kRoot;
};

}  // namespace streamtensor::server
