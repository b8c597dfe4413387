// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/byte_spelling.h"

#include <algorithm>
#include <iterator>

#include "artifact/tokenizer/tokenizer_check.h"
#include "server/tokenizer/text_normalizer.h"

namespace streamtensor::server {

using artifact::v1::Piece;

ByteSpelling::ByteSpelling(const artifact::v1::Tokenizer& message)
    : unknown_(message.has_unknown_token_id() ? message.unknown_token_id() : kNone),
      fuse_unknown_(message.fuse_unknown()) {
  bytes_.fill(kNone);
  for (int id = 0; id < message.pieces_size(); ++id) {
    if (message.pieces(id).type() != Piece::TYPE_BYTE) continue;
    bytes_[*artifact::ByteOfPiece(message.pieces(id).text())] = static_cast<uint32_t>(id);
  }
  has_all_bytes_ = std::ranges::count(bytes_, kNone) == 0;
}

void ByteSpelling::Spell(std::string_view character, std::vector<uint32_t>& ids) const {
  const auto id_of = [&](char byte) { return bytes_[static_cast<uint8_t>(byte)]; };
  if (std::ranges::none_of(character, [&](char byte) { return id_of(byte) == kNone; })) {
    std::ranges::transform(character, std::back_inserter(ids), id_of);
  } else if (unknown_ != kNone) {
    AddUnknown(ids);
  }
}

void ByteSpelling::AddUnknown(std::vector<uint32_t>& ids) const {
  if (!fuse_unknown_ || ids.empty() || ids.back() != unknown_) ids.push_back(unknown_);
}

bool IsOfWords(const Piece& piece) {
  return piece.type() == Piece::TYPE_NORMAL || piece.type() == Piece::TYPE_UNSPECIFIED ||
         piece.type() == Piece::TYPE_USER_DEFINED;
}

std::string BytesOfCharacters(const Piece& piece) {
  switch (piece.type()) {
    case Piece::TYPE_CONTROL:
    case Piece::TYPE_UNKNOWN:
      return piece.text();
    case Piece::TYPE_BYTE:
      return std::string(1, static_cast<char>(*artifact::ByteOfPiece(piece.text())));
    default:
      return UnescapedSpaces(piece.text());
  }
}

}  // namespace streamtensor::server
