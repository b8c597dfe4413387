// SPDX-License-Identifier: Apache-2.0
// How a kind of tokenizer spells its pieces, and which tokens it makes of a word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/tokenizer/encoding.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// By text, as the message spells it.
using PieceIds = absl::flat_hash_map<std::string_view, uint32_t>;

// Immutable: every method may be called from any thread at once.
class WordModel {
 public:
  // By `message.kind()`. `ids` are those of all pieces.
  //  INVALID_ARGUMENT  names the piece, merge or score at fault
  //  UNIMPLEMENTED     a kind this build does not know, by name
  static absl::StatusOr<std::unique_ptr<const WordModel>> Create(const artifact::v1::Tokenizer& message,
                                                                 const PieceIds& ids);
  virtual ~WordModel() = default;

  // The bytes of a reply that a piece stands for.
  virtual std::string BytesOf(const artifact::v1::Piece& piece) const = 0;
  // The word that is this piece and nothing else.
  virtual std::string WordOf(const artifact::v1::Piece& piece) const = 0;

  // Appends the tokens of `word` to `encoding`, in time about linear in the word's length. False: the
  // encoding must end, and its tokens are incomplete.
  virtual bool Encode(std::string_view word, Encoding& encoding) const = 0;

  // A token stands for at most so many bytes of a word. 0: bytes may be left out, or any number become one
  // token.
  virtual size_t max_token_bytes() const = 0;
};

// Both take a message of their kind.
absl::StatusOr<std::unique_ptr<const WordModel>> CreateByteLevelModel(const artifact::v1::Tokenizer& message,
                                                                      const PieceIds& ids);
absl::StatusOr<std::unique_ptr<const WordModel>> CreateCharacterModel(const artifact::v1::Tokenizer& message,
                                                                      const PieceIds& ids);

// Adds `message`'s merges of pieces, in rank order.
class PairMerges;
absl::Status AddMerges(const artifact::v1::Tokenizer& message, const PieceIds& ids, PairMerges* merges);

// What stands for a token in text as it is, whatever the kind.
bool IsSpecial(artifact::v1::Piece::Type type);

}  // namespace streamtensor::server
