// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/word_model.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "server/tokenizer/pair_merges.h"

namespace streamtensor::server {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;

absl::StatusOr<std::unique_ptr<const WordModel>> WordModel::Create(const Message& message,
                                                                   const PieceIds& ids) {
  switch (message.kind()) {
    case Message::KIND_BYTE_LEVEL_BPE:
      return CreateByteLevelModel(message, ids);
    case Message::KIND_CHARACTER_BPE:
      return CreateCharacterModel(message, ids);
    default:
      return absl::UnimplementedError(absl::StrCat(
          "tokenizer: kind ", Message::Kind_Name(message.kind()), " (", static_cast<int>(message.kind()),
          ") is not known to this build; known: KIND_BYTE_LEVEL_BPE, KIND_CHARACTER_BPE"));
  }
}

absl::Status AddMerges(const Message& message, const PieceIds& ids, PairMerges* merges) {
  merges->Reserve(static_cast<size_t>(message.merges_size()));
  for (int rank = 0; rank < message.merges_size(); ++rank) {
    const artifact::v1::Merge& merge = message.merges(rank);
    const std::string whole = merge.left() + merge.right();
    uint32_t found_ids[3];
    const std::string_view parts[3] = {merge.left(), merge.right(), whole};
    for (int i = 0; i < 3; ++i) {
      const auto found = ids.find(parts[i]);
      if (found == ids.end()) {
        return absl::InvalidArgumentError(absl::StrCat("tokenizer: merge ", rank, " needs the piece \"",
                                                       base::Printable(parts[i], 40),
                                                       "\", which the vocabulary lacks"));
      }
      found_ids[i] = found->second;
    }
    merges->Add(found_ids[0], found_ids[1], static_cast<uint32_t>(rank), found_ids[2]);
  }
  return absl::OkStatus();
}

bool IsSpecial(Piece::Type type) { return type == Piece::TYPE_CONTROL || type == Piece::TYPE_USER_DEFINED; }

}  // namespace streamtensor::server
