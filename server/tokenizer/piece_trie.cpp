// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/piece_trie.h"

namespace streamtensor::server {

void PieceTrie::Add(std::string_view text, uint32_t id) {
  uint32_t node = 0;
  for (const char byte : text) {
    const auto [child, is_new] = children_.try_emplace(KeyOf(node, byte), static_cast<uint32_t>(ids_.size()));
    node = child->second;
    if (is_new) ids_.push_back(kNone);
  }
  if (ids_[node] == kNone) ids_[node] = id;
}

}  // namespace streamtensor::server
