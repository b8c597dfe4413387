// SPDX-License-Identifier: Apache-2.0
// The KV pages of one card: who holds them, and what full pages contain, so that equal prefixes share pages.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace streamtensor::server {

// A page is free (no content), held (referenced by at least one sequence) or cached (unreferenced, known
// content). Cached pages are reused for new content only if no page is free, least recently used first.
//
// A full page is identified by its tokens and the content before it, recursively. The chain is compared
// exactly, not by a digest.
//
// Not thread-safe. Breaking a rule below is a bug in the caller and aborts.
class PagePool {
 public:
  // The content before the first page.
  static constexpr uint64_t kRoot = 0;

  PagePool(int32_t pages, int32_t page_tokens);

  // A page to write, with one reference, owned by the caller; nullopt if all pages are held.
  std::optional<int32_t> Allocate();
  // Drops one of the caller's references.
  void Release(int32_t page);

  struct Prefix {
    std::vector<int32_t> pages;  // each with one more reference, owned by the caller
    uint64_t content = kRoot;    // of the last page
  };
  // The longest run of known pages, at most `max_pages`, that is a prefix of `tokens`.
  Prefix Match(std::span<const uint32_t> tokens, int32_t max_pages);

  // Makes a held page known after the step that filled it: `tokens` are its page_tokens tokens, `before` is
  // the content of the preceding page. Returns the page's content. If another page is already known for the
  // content, that page remains the known one. At most once per allocated page.
  uint64_t Publish(int32_t page, uint64_t before, std::span<const uint32_t> tokens);

  // Frees all pages. The card was reset; all references are void.
  void Clear();

  int32_t total() const { return static_cast<int32_t>(pages_.size()); }
  int32_t held() const { return held_; }
  int32_t cached() const { return static_cast<int32_t>(cached_.size()); }
  int32_t available() const { return static_cast<int32_t>(free_.size() + cached_.size()); }
  int32_t page_tokens() const { return page_tokens_; }
  int32_t references(int32_t page) const;
  // Whether its one holder may write it: it is neither shared nor known.
  bool writable(int32_t page) const;

  // Checks every page and content and aborts on a contradiction. O(pages): for tests and debug builds.
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
    uint64_t content = kRoot;             // kRoot: unknown
    std::list<int32_t>::iterator cached;  // its position in cached_, if cached
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
