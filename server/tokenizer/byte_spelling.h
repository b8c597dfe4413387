// SPDX-License-Identifier: Apache-2.0
// What stands for a character without a piece, where pieces are spelled in characters: the pieces of its
// bytes, or the unknown token.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// Immutable: Spell() may be called from any thread at once.
class ByteSpelling {
 public:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  explicit ByteSpelling(const artifact::v1::Tokenizer& message);

  // Every byte has a piece, so that no text is unknown.
  bool has_all_bytes() const { return has_all_bytes_; }
  // kNone: unknown text is left out.
  uint32_t unknown() const { return unknown_; }

  // Appends what spells a character that is no piece.
  void Spell(std::string_view character, std::vector<uint32_t>& ids) const;
  void AddUnknown(std::vector<uint32_t>& ids) const;

 private:
  std::array<uint32_t, 256> bytes_;
  bool has_all_bytes_ = false;
  const uint32_t unknown_;
  const bool fuse_unknown_;
};

// What a word may be made of. Text has no user-defined piece any more, unless that is spelled with U+2581.
bool IsOfWords(const artifact::v1::Piece& piece);

// The bytes of a reply that a piece stands for which is spelled in characters.
std::string BytesOfCharacters(const artifact::v1::Piece& piece);

}  // namespace streamtensor::server
