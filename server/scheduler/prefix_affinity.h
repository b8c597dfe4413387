// SPDX-License-Identifier: Apache-2.0
// Which card has seen a prompt's prefix: a hint that routes equal prefixes to one card.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace streamtensor::server {

// One digest per full page of a prompt, over all tokens up to the page's end.
std::vector<uint64_t> PrefixDigests(std::span<const uint32_t> prompt, int32_t page_tokens);

// Remembers the most recently used digests. The card may have evicted the pages since; then the hint is
// useless. Not thread-safe.
class PrefixAffinity {
 public:
  explicit PrefixAffinity(size_t max_pages) : max_pages_(max_pages) {}

  struct Hint {
    size_t card = 0;
    int32_t pages = 0;  // of the prompt's pages, how many the card has seen
  };
  // The card that has seen the longest prefix of the prompt with these digests.
  std::optional<Hint> Find(std::span<const uint64_t> digests) const;

  // Records that the prompt goes to `card`.
  void Record(std::span<const uint64_t> digests, size_t card);

  size_t size() const { return pages_.size(); }

 private:
  struct Page {
    size_t card;
    std::list<uint64_t>::iterator used;
  };
  const size_t max_pages_;
  std::list<uint64_t> used_;  // least recently used first
  absl::flat_hash_map<uint64_t, Page> pages_;
};

}  // namespace streamtensor::server
