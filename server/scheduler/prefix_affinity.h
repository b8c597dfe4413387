// SPDX-License-Identifier: Apache-2.0
// Which card has seen a prompt's beginning: a hint, so that equal prefixes meet on one card.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace streamtensor::server {

// Remembers full pages of prompts by a digest of all tokens up to their end, the latest ones only. A card
// may have dropped such a page since: then the hint was for nothing. Not thread-safe.
class PrefixAffinity {
 public:
  PrefixAffinity(int32_t page_tokens, size_t most_pages) : page_tokens_(page_tokens), most_(most_pages) {}

  // The digests of a prompt's full pages, each covering all before it.
  std::vector<uint64_t> Digests(std::span<const uint32_t> prompt) const;

  struct Hint {
    size_t card = 0;
    int32_t pages = 0;  // of the prompt, that it has seen
  };
  std::optional<Hint> Find(std::span<const uint64_t> digests) const;

  // The prompt goes to `card`.
  void Record(std::span<const uint64_t> digests, size_t card);

  size_t size() const { return pages_.size(); }

 private:
  struct Page {
    size_t card;
    std::list<uint64_t>::iterator used;
  };
  const int32_t page_tokens_;
  const size_t most_;
  std::list<uint64_t> used_;  // least recently used first
  absl::flat_hash_map<uint64_t, Page> pages_;
};

}  // namespace streamtensor::server
