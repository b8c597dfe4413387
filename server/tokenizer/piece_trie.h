// SPDX-License-Identifier: Apache-2.0
// Pieces by what a text begins with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace streamtensor::server {

// Thread-safe once no more are added.
class PieceTrie {
 public:
  // `text` is not empty. A text that is added twice keeps its first id.
  void Add(std::string_view text, uint32_t id);

  // Calls found(bytes, id) for the pieces that `text` begins with, from the shortest to the longest. Looks at
  // no more bytes than the longest piece has.
  template <class Found>
  void ForEachPrefix(std::string_view text, Found found) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto next = children_.find(KeyOf(node, text[i]));
      if (next == children_.end()) return;
      node = next->second;
      if (ids_[node] != kNone) found(i + 1, ids_[node]);
    }
  }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  static uint64_t KeyOf(uint32_t node, char byte) { return uint64_t{node} << 8 | static_cast<uint8_t>(byte); }

  absl::flat_hash_map<uint64_t, uint32_t> children_;
  std::vector<uint32_t> ids_ = {kNone};  // of the piece that ends at a node
};

}  // namespace streamtensor::server
