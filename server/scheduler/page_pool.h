// SPDX-License-Identifier: Apache-2.0
// The KV pages of one card: who holds them, and what full pages contain, so that equal prefixes share them.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace streamtensor::server {

// Each page is in one of three states: free (no content), held (referenced by at least one sequence) or
// cached (unreferenced, its content known). Cached pages are reused for new content only when no page is
// free, least recently used first.
//
// A full page is known by its content: its tokens and the content before it, which in turn stands for
// everything before. The chain is compared exactly, not by a digest.
//
// Not thread-safe. A call that breaks a rule below aborts: it is a bug in the caller.
class PagePool {
 public:
  // The content before the first page.
  static constexpr uint64_t kRoot = 0;

  PagePool(int32_t pages, int32_t page_tokens);

  // A page to write, with one reference, which is the caller's; nullopt when all pages are held.
  std::optional<int32_t> Allocate();
  // Drops one of the caller's references.
  void Release(int32_t page);

  struct Prefix {
    std::vector<int32_t> pages;  // with one more reference each, the caller's
    uint64_t content = kRoot;    // of the last of them
  };
  // The longest run of known pages, at most `max_pages`, that `tokens` begins with.
  Prefix Match(std::span<const uint32_t> tokens, int32_t max_pages);

  // Makes a held page known, once the step that filled it has completed: `tokens` are its page_tokens tokens,
  // `before` is the content of the page before it. Returns the page's content. When another page is already
  // known for the same content, that one stays the known one. At most once for an allocated page.
  uint64_t Publish(int32_t page, uint64_t before, std::span<const uint32_t> tokens);

  // All pages become free. The card was reset; references are void.
  void Clear();

  int32_t total() const { return static_cast<int32_t>(pages_.size()); }
  int32_t held() const { return held_; }
  int32_t cached() const { return static_cast<int32_t>(cached_.size()); }
  int32_t available() const { return static_cast<int32_t>(free_.size() + cached_.size()); }
  int32_t page_tokens() const { return page_tokens_; }
  int32_t references(int32_t page) const;
  // May be written by the one sequence that holds it: it is neither shared nor known.
  bool writable(int32_t page) const;

  // Looks at every page and every content, and aborts when they contradict each other. O(pages): for tests
  // and debug builds.
  void CheckInvariants() const;

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
    int32_t references = 0;
    uint64_t content = kRoot;             // kRoot: not known
    std::list<int32_t>::iterator cached;  // its place in cached_, when it is there
  };
  struct Known {
    int32_t page;
    uint64_t content;
  };

  Page& at(int32_t page);
  void AddReference(int32_t page);
  void CheckConservation() const;

  const int32_t page_tokens_;
  std::vector<Page> pages_;
  int32_t held_ = 0;  // pages with references
  std::vector<int32_t> free_;
  std::list<int32_t> cached_;  // least recently used first
  absl::flat_hash_map<Content, Known> known_;
  absl::flat_hash_map<uint64_t, Content> contents_;
  uint64_t last_content_ = kRoot;
};

}  // namespace streamtensor::server
