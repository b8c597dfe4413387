// SPDX-License-Identifier: Apache-2.0
// How a kind of tokenizer spells its pieces, and which tokens it makes of a word.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/tokenizer/encoding.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// By rank: the ids of left, right and both together (artifact::CheckedTokenizer).
using Merges = std::span<const std::array<uint32_t, 3>>;

// Immutable: every method may be called from any thread at once.
class WordModel {
 public:
  // By the kind of a message that artifact::CheckTokenizer() accepts.
  static std::unique_ptr<const WordModel> Create(const artifact::v1::Tokenizer& message, Merges merges);
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

// Each takes a message of its kind.
std::unique_ptr<const WordModel> CreateByteLevelModel(const artifact::v1::Tokenizer& message, Merges merges);
std::unique_ptr<const WordModel> CreateCharacterModel(const artifact::v1::Tokenizer& message, Merges merges);
std::unique_ptr<const WordModel> CreateUnigramModel(const artifact::v1::Tokenizer& message);
std::unique_ptr<const WordModel> CreateWordPieceModel(const artifact::v1::Tokenizer& message);

class PairMerges;
void AddMerges(Merges from, PairMerges& to);

// What stands for a token in text as it is, whatever the kind.
bool IsSpecial(artifact::v1::Piece::Type type);

}  // namespace streamtensor::server
