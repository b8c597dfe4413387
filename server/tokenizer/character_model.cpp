// SPDX-License-Identifier: Apache-2.0
// Pieces of characters, merged in pairs; a character without a piece is spelled by its bytes' pieces.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "server/tokenizer/pair_merges.h"
#include "server/tokenizer/text_normalizer.h"
#include "server/tokenizer/unicode.h"
#include "server/tokenizer/word_model.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// "<0x0A>"
std::optional<uint8_t> ByteOf(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  const size_t high = kDigits.find(text[3]), low = kDigits.find(text[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<uint8_t>(high << 4 | low);
}

// A character's bytes as a number.
uint32_t NumberOf(std::string_view character) {
  uint32_t number = 0;
  for (const char byte : character) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

// The piece that the pieces `left` and `right` make up has the highest score of all such first. Characters
// that have no piece of their own but are part of one are symbols beyond the vocabulary.
class CharacterModel : public WordModel {
 public:
  static absl::StatusOr<std::unique_ptr<const WordModel>> Create(const Message& message,
                                                                 const PieceIds& ids) {
    auto model = std::make_unique<CharacterModel>();
    model->vocabulary_ = static_cast<uint32_t>(message.pieces_size());
    model->fuse_unknown_ = message.fuse_unknown();
    if (message.has_unknown_token_id()) model->unknown_ = message.unknown_token_id();
    RETURN_IF_ERROR(model->AddBytes(message));
    model->AddCharacters(message);
    RETURN_IF_ERROR(message.scores_size() > 0 ? model->AddScores(message)
                                              : AddMerges(message, ids, &model->merges_));
    return model;
  }

  std::string BytesOf(const Piece& piece) const override {
    switch (piece.type()) {
      case Piece::TYPE_CONTROL:
      case Piece::TYPE_UNKNOWN:
        return piece.text();
      case Piece::TYPE_BYTE:
        return std::string(1, static_cast<char>(*ByteOf(piece.text())));
      default:
        return UnescapedSpaces(piece.text());
    }
  }
  std::string WordOf(const Piece& piece) const override { return piece.text(); }

  bool Encode(std::string_view word, Encoding& encoding) const override {
    std::vector<uint32_t> symbols;
    symbols.reserve(word.size());
    bool is_spelled = true;  // by the vocabulary
    for (size_t at = 0; at < word.size();) {
      const size_t length = CharacterBytes(word.substr(at));
      const auto found = characters_.find(NumberOf(word.substr(at, length)));
      if (found != characters_.end()) {
        symbols.push_back(found->second);
        is_spelled &= found->second < vocabulary_;
      } else {
        Spell(word.substr(at, length), symbols);
      }
      at += length;
    }
    const size_t before = encoding.ids.size();
    if (!merges_.Encode(symbols, encoding)) return false;
    if (!is_spelled) SpellRest(before, encoding.ids);
    return true;
  }

  size_t max_token_bytes() const override { return max_token_bytes_; }

 private:
  absl::Status AddBytes(const Message& message) {
    bytes_.fill(kNone);
    for (int id = 0; id < message.pieces_size(); ++id) {
      if (message.pieces(id).type() != Piece::TYPE_BYTE) continue;
      const std::string& text = message.pieces(id).text();
      const std::optional<uint8_t> byte = ByteOf(text);
      if (!byte.has_value()) {
        return absl::InvalidArgumentError(absl::StrCat("tokenizer: piece ", id, " is of a byte, but is \"",
                                                       base::Printable(text, 40), "\"; expected <0xHH>"));
      }
      bytes_[*byte] = static_cast<uint32_t>(id);
    }
    return absl::OkStatus();
  }

  // What merges may make. Text has no user-defined piece any more, unless that is spelled with U+2581.
  static bool IsOfWords(const Piece& piece) {
    return piece.type() == Piece::TYPE_NORMAL || piece.type() == Piece::TYPE_UNSPECIFIED ||
           piece.type() == Piece::TYPE_USER_DEFINED;
  }

  void AddCharacters(const Message& message) {
    for (int id = 0; id < message.pieces_size(); ++id) {
      const std::string_view text = message.pieces(id).text();
      if (!IsOfWords(message.pieces(id))) continue;
      max_token_bytes_ = std::max(max_token_bytes_, text.size());
      if (CharacterBytes(text) == text.size()) characters_.emplace(NumberOf(text), static_cast<uint32_t>(id));
    }
    // Without all bytes a run of unknown characters is one token, or left out.
    if (std::ranges::count(bytes_, kNone) != 0) max_token_bytes_ = 0;
  }

  // Pieces that a word is made of, and characters of theirs, by text.
  absl::StatusOr<absl::flat_hash_map<std::string_view, uint32_t>> Symbols(const Message& message) {
    absl::flat_hash_map<std::string_view, uint32_t> symbols;
    symbols.reserve(static_cast<size_t>(message.pieces_size()));
    for (int id = 0; id < message.pieces_size(); ++id) {
      if (!IsOfWords(message.pieces(id))) continue;
      if (!std::isfinite(message.scores(id))) {
        return absl::InvalidArgumentError(
            absl::StrCat("tokenizer: score ", id, " is ", message.scores(id), ", expected a finite number"));
      }
      symbols.emplace(message.pieces(id).text(), static_cast<uint32_t>(id));
    }
    uint32_t next = vocabulary_;
    for (int id = 0; id < message.pieces_size(); ++id) {
      if (!IsOfWords(message.pieces(id))) continue;
      const std::string_view text = message.pieces(id).text();
      for (size_t at = 0; at < text.size();) {
        const std::string_view character = text.substr(at, CharacterBytes(text.substr(at)));
        at += character.size();
        if (!symbols.emplace(character, next).second) continue;
        characters_.emplace(NumberOf(character), next++);
        beyond_.emplace_back(character);
      }
    }
    return symbols;
  }

  absl::Status AddScores(const Message& message) {
    if (message.scores_size() != message.pieces_size() || message.merges_size() > 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tokenizer: ", message.scores_size(), " scores and ", message.merges_size(), " merges for ",
          message.pieces_size(), " pieces, expected a score each and no merges"));
    }
    ASSIGN_OR_RETURN(const auto symbols, Symbols(message));
    std::vector<float> descending(message.scores().begin(), message.scores().end());
    std::ranges::sort(descending, std::greater<>());
    descending.erase(std::unique(descending.begin(), descending.end()), descending.end());
    for (int id = 0; id < message.pieces_size(); ++id) {
      if (!IsOfWords(message.pieces(id))) continue;
      const std::string_view text = message.pieces(id).text();
      const auto rank = static_cast<uint32_t>(
          std::ranges::lower_bound(descending, message.scores(id), std::greater<>()) - descending.begin());
      for (size_t at = CharacterBytes(text); at < text.size(); at += CharacterBytes(text.substr(at))) {
        const auto left = symbols.find(text.substr(0, at));
        if (left == symbols.end()) continue;
        const auto right = symbols.find(text.substr(at));
        if (right != symbols.end()) merges_.Add(left->second, right->second, rank, static_cast<uint32_t>(id));
      }
    }
    return absl::OkStatus();
  }

  // Appends what spells a character that is no piece.
  void Spell(std::string_view character, std::vector<uint32_t>& ids) const {
    const auto id_of = [&](char byte) { return bytes_[static_cast<uint8_t>(byte)]; };
    if (std::ranges::none_of(character, [&](char byte) { return id_of(byte) == kNone; })) {
      std::ranges::transform(character, std::back_inserter(ids), id_of);
    } else if (unknown_ != kNone) {
      AddUnknown(ids);
    }
  }

  void AddUnknown(std::vector<uint32_t>& ids) const {
    if (!fuse_unknown_ || ids.empty() || ids.back() != unknown_) ids.push_back(unknown_);
  }

  // Of the ids from `begin` on, spells those that are beyond the vocabulary.
  void SpellRest(size_t begin, std::vector<uint32_t>& ids) const {
    std::vector<uint32_t> spelled;
    for (size_t i = begin; i < ids.size(); ++i) {
      if (ids[i] >= vocabulary_) {
        Spell(beyond_[ids[i] - vocabulary_], spelled);
      } else if (ids[i] == unknown_) {
        AddUnknown(spelled);
      } else {
        spelled.push_back(ids[i]);
      }
    }
    ids.resize(begin);
    ids.insert(ids.end(), spelled.begin(), spelled.end());
  }

  uint32_t vocabulary_ = 0;
  uint32_t unknown_ = kNone;
  bool fuse_unknown_ = false;
  std::array<uint32_t, 256> bytes_;
  absl::flat_hash_map<uint32_t, uint32_t> characters_;  // symbols by NumberOf()
  std::vector<std::string> beyond_;                     // characters from the id `vocabulary_` on
  PairMerges merges_;
  size_t max_token_bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const WordModel>> CreateCharacterModel(const Message& message,
                                                                      const PieceIds& ids) {
  return CharacterModel::Create(message, ids);
}

}  // namespace streamtensor::server
