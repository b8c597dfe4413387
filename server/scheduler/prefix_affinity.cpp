// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/prefix_affinity.h"

namespace streamtensor::server {

std::vector<uint64_t> PrefixDigests(std::span<const uint32_t> prompt, int32_t page_tokens) {
  std::vector<uint64_t> digests;
  uint64_t digest = 0;
  for (size_t i = 0; i < prompt.size(); ++i) {
    digest = (digest ^ prompt[i]) * 0x9e3779b97f4a7c15u;
    digest ^= digest >> 32;
    if ((i + 1) % static_cast<size_t>(page_tokens) == 0) digests.push_back(digest);
  }
  return digests;
}

std::optional<PrefixAffinity::Hint> PrefixAffinity::Find(std::span<const uint64_t> digests) const {
  for (size_t pages = digests.size(); pages > 0; --pages) {
    const auto found = pages_.find(digests[pages - 1]);
    if (found != pages_.end()) return Hint{found->second.card, static_cast<int32_t>(pages)};
  }
  return std::nullopt;
}

// Last page first, so that a prefix is forgotten from its end.
void PrefixAffinity::Record(std::span<const uint64_t> digests, size_t card) {
  for (auto digest = digests.rbegin(); digest != digests.rend(); ++digest) {
    const auto [page, is_new] = pages_.try_emplace(*digest);
    if (!is_new) used_.erase(page->second.used);
    page->second = {card, used_.insert(used_.end(), *digest)};
  }
  while (pages_.size() > max_pages_) {
    pages_.erase(used_.front());
    used_.pop_front();
  }
}

}  // namespace streamtensor::server
