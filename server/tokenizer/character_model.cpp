// SPDX-License-Identifier: Apache-2.0
// Pieces of characters, merged in pairs; a character without a piece is spelled by its bytes' pieces.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/tokenizer/byte_spelling.h"
#include "server/tokenizer/pair_merges.h"
#include "server/tokenizer/unicode.h"
#include "server/tokenizer/word_model.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;

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
  CharacterModel(const Message& message, Merges merges)
      : vocabulary_(static_cast<uint32_t>(message.pieces_size())), spelling_(message) {
    AddCharacters(message);
    if (message.scores_size() > 0) {
      AddScores(message);
    } else {
      AddMerges(merges, merges_);
    }
  }

  std::string BytesOf(const Piece& piece) const override { return BytesOfCharacters(piece); }
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
        spelling_.Spell(word.substr(at, length), symbols);
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
  void AddCharacters(const Message& message) {
    for (int id = 0; id < message.pieces_size(); ++id) {
      const std::string_view text = message.pieces(id).text();
      if (!IsOfWords(message.pieces(id))) continue;
      max_token_bytes_ = std::max(max_token_bytes_, text.size());
      if (CharacterBytes(text) == text.size()) characters_.emplace(NumberOf(text), static_cast<uint32_t>(id));
    }
    // Without all bytes a run of unknown characters is one token, or left out.
    if (!spelling_.has_all_bytes()) max_token_bytes_ = 0;
  }

  // Pieces that a word is made of, and characters of theirs, by text.
  absl::flat_hash_map<std::string_view, uint32_t> Symbols(const Message& message) {
    absl::flat_hash_map<std::string_view, uint32_t> symbols;
    symbols.reserve(static_cast<size_t>(message.pieces_size()));
    for (int id = 0; id < message.pieces_size(); ++id) {
      if (!IsOfWords(message.pieces(id))) continue;
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

  void AddScores(const Message& message) {
    const absl::flat_hash_map<std::string_view, uint32_t> symbols = Symbols(message);
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
  }

  // Of the ids from `begin` on, spells those that are beyond the vocabulary.
  void SpellRest(size_t begin, std::vector<uint32_t>& ids) const {
    std::vector<uint32_t> spelled;
    for (size_t i = begin; i < ids.size(); ++i) {
      if (ids[i] >= vocabulary_) {
        spelling_.Spell(beyond_[ids[i] - vocabulary_], spelled);
      } else if (ids[i] == spelling_.unknown()) {
        spelling_.AddUnknown(spelled);
      } else {
        spelled.push_back(ids[i]);
      }
    }
    ids.resize(begin);
    ids.insert(ids.end(), spelled.begin(), spelled.end());
  }

  const uint32_t vocabulary_;
  const ByteSpelling spelling_;
  absl::flat_hash_map<uint32_t, uint32_t> characters_;  // symbols by NumberOf()
  std::vector<std::string> beyond_;                     // characters from the id `vocabulary_` on
  PairMerges merges_;
  size_t max_token_bytes_ = 0;
};

}  // namespace

std::unique_ptr<const WordModel> CreateCharacterModel(const Message& message, Merges merges) {
  return std::make_unique<CharacterModel>(message, merges);
}

}  // namespace streamtensor::server
