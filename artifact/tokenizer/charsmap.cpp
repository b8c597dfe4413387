// SPDX-License-Identifier: Apache-2.0
#include "artifact/tokenizer/charsmap.h"

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::artifact {
namespace {

// A unit of the double array: the byte that leads to it, the distance to its children, and whether a key ends
// here, whose value the first child then holds.
constexpr uint32_t kValueUnit = uint32_t{1} << 31;

uint32_t LabelOf(uint32_t unit) { return unit & (kValueUnit | 0xff); }
uint32_t OffsetOf(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
bool EndsKey(uint32_t unit) { return (unit >> 8 & 1) != 0; }

}  // namespace

absl::StatusOr<Charsmap> Charsmap::Create(const v1::Charsmap& message) {
  const std::string& trie = message.trie();
  if (trie.empty() || trie.size() % sizeof(uint32_t) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("has a trie of ", trie.size(), " bytes, expected a positive multiple of 4"));
  }
  if (message.texts().empty() || message.texts().back() != '\0') {
    return absl::InvalidArgumentError("has texts that do not end with a zero byte");
  }
  Charsmap map;
  map.texts_ = message.texts();
  for (size_t begin = 0; begin < map.texts_.size();) {
    const size_t end = map.texts_.find('\0', begin);
    map.max_text_bytes_ = std::max(map.max_text_bytes_, end - begin);
    begin = end + 1;
  }
  if (map.max_text_bytes_ > kMaxTextBytes) {
    return absl::InvalidArgumentError(absl::StrCat("has a replacement of ", map.max_text_bytes_,
                                                   " bytes, at most ", kMaxTextBytes, " are allowed"));
  }
  map.units_.resize(trie.size() / sizeof(uint32_t));
  std::memcpy(map.units_.data(), trie.data(), trie.size());
  return map;
}

std::optional<Charsmap::Match> Charsmap::Find(std::string_view text, bool longest) const {
  std::optional<Match> found;
  size_t node = OffsetOf(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size() || LabelOf(units_[node]) != byte) break;
    const bool ends = EndsKey(units_[node]);
    node ^= OffsetOf(units_[node]);
    if (!ends) continue;
    const size_t at = node < units_.size() ? units_[node] & ~kValueUnit : texts_.size();
    if (at >= texts_.size()) break;
    found = Match{i + 1, std::string_view(texts_.c_str() + at)};
    if (!longest) break;
  }
  return found;
}

}  // namespace streamtensor::artifact
