// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/word_model.h"

#include "server/tokenizer/pair_merges.h"

namespace streamtensor::server {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;

std::unique_ptr<const WordModel> WordModel::Create(const Message& message, Merges merges) {
  switch (message.kind()) {
    case Message::KIND_CHARACTER_BPE:
      return CreateCharacterModel(message, merges);
    case Message::KIND_UNIGRAM:
      return CreateUnigramModel(message);
    case Message::KIND_WORD_PIECE:
      return CreateWordPieceModel(message);
    default:
      return CreateByteLevelModel(message, merges);
  }
}

void AddMerges(Merges from, PairMerges& to) {
  to.Reserve(from.size());
  for (uint32_t rank = 0; rank < from.size(); ++rank) {
    const auto& [left, right, whole] = from[rank];
    to.Add(left, right, rank, whole);
  }
}

bool IsSpecial(Piece::Type type) { return type == Piece::TYPE_CONTROL || type == Piece::TYPE_USER_DEFINED; }

}  // namespace streamtensor::server
