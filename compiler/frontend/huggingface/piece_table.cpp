// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/piece_table.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using nlohmann::json;

constexpr uint64_t kMaxPieces = uint64_t{1} << 21;
constexpr size_t kMaxPieceBytes = size_t{1} << 16;
// Ids without a token: a few are common, since embeddings are padded.
constexpr size_t kMaxUnusedPieces = size_t{1} << 16;

absl::Status Invalid(std::string_view message) { return absl::InvalidArgumentError(Message(message)); }

}  // namespace

absl::Status PieceTable::Add(const std::string& text, const json& id, Piece piece) {
  if (text.empty() || text.size() > kMaxPieceBytes) {
    return Invalid(Message("token ", Quoted(text), " has ", text.size(), " bytes; 1 to ", kMaxPieceBytes,
                           " are allowed"));
  }
  if (!id.is_number_unsigned() || id.get<uint64_t>() >= kMaxPieces) {
    return Invalid(
        Message("token ", Quoted(text), " has the id ", JsonText(id), ", expected 0 to ", kMaxPieces - 1));
  }
  const auto index = id.get<size_t>();
  if (index >= pieces_.size()) pieces_.resize(index + 1);
  if (!pieces_[index].text().empty() && pieces_[index].text() != text) {
    return Invalid(Message("tokens ", Quoted(pieces_[index].text()), " and ", Quoted(text),
                           " both have the id ", index));
  }
  piece.set_text(text);
  pieces_[index] = std::move(piece);
  return absl::OkStatus();
}

absl::Status PieceTable::Fill(uint64_t count) {
  if (count > kMaxPieces)
    return Invalid(Message("'vocab_size' is ", count, "; at most ", kMaxPieces, " is allowed"));
  const size_t given = Given();
  if (count != 0 && count < pieces_.size()) {
    return Invalid(Message("token ", Quoted(pieces_.back().text()), " has the id ", pieces_.size() - 1,
                           ", but 'vocab_size' is ", count));
  }
  if (std::max<uint64_t>(count, pieces_.size()) - given > kMaxUnusedPieces) {
    return Invalid(Message(given, " tokens for ", std::max<uint64_t>(count, pieces_.size()), " ids; at most ",
                           kMaxUnusedPieces, " ids may have none"));
  }
  std::set<std::string> taken;
  for (const Piece& piece : pieces_) {
    if (piece.text().starts_with("[PAD")) taken.insert(piece.text());
  }
  pieces_.resize(std::max<size_t>(count, pieces_.size()));
  for (size_t id = 0; id < pieces_.size(); ++id) {
    if (!pieces_[id].text().empty()) continue;
    std::string text = Message("[PAD", id, "]");
    while (taken.contains(text)) text += "]";
    pieces_[id].set_text(text);
    pieces_[id].set_type(Piece::TYPE_UNUSED);
  }
  return absl::OkStatus();
}

size_t PieceTable::Given() const {
  return static_cast<size_t>(std::count_if(pieces_.begin(), pieces_.end(),
                                           [](const Piece& piece) { return !piece.text().empty(); }));
}

absl::StatusOr<Piece> ReadAddedPiece(const json& token, std::string_view text) {
  ASSIGN_OR_RETURN(const bool single_word, BoolMember(token, "single_word", false));
  if (single_word) {
    return absl::UnimplementedError(
        Message("added token ", Quoted(text), " with 'single_word' can't be used yet"));
  }
  ASSIGN_OR_RETURN(const bool special, BoolMember(token, "special", false));
  ASSIGN_OR_RETURN(const bool normalized, BoolMember(token, "normalized", !special));
  ASSIGN_OR_RETURN(const bool strip_left, BoolMember(token, "lstrip", false));
  ASSIGN_OR_RETURN(const bool strip_right, BoolMember(token, "rstrip", false));
  Piece piece;
  piece.set_strip_left(strip_left);
  piece.set_strip_right(strip_right);
  piece.set_type(special ? Piece::TYPE_CONTROL : Piece::TYPE_USER_DEFINED);
  piece.set_composed(normalized);
  return piece;
}

bool IsNameOfByte(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return text.size() == 6 && text.starts_with("<0x") && is_digit(text[3]) && is_digit(text[4]) &&
         text[5] == '>';
}

}  // namespace streamtensor::compiler
