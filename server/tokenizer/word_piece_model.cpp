// SPDX-License-Identifier: Apache-2.0
// The longest piece that a word begins with, then the longest that can follow it, and so on.
#include <vector>

#include "server/tokenizer/byte_spelling.h"
#include "server/tokenizer/piece_trie.h"
#include "server/tokenizer/unicode.h"
#include "server/tokenizer/word_model.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;

class WordPieceModel : public WordModel {
 public:
  explicit WordPieceModel(const Message& message)
      : continuation_(message.continuation()),
        max_characters_(message.max_word_characters()),
        unknown_(message.unknown_token_id()) {
    for (int id = 0; id < message.pieces_size(); ++id) {
      if (!IsOfWords(message.pieces(id))) continue;
      const std::string_view text = message.pieces(id).text();
      first_.Add(text, static_cast<uint32_t>(id));
      if (Continues(text)) following_.Add(text.substr(continuation_.size()), static_cast<uint32_t>(id));
    }
  }

  // A word has a space before it, which the model's text need not have had.
  std::string BytesOf(const Piece& piece) const override {
    if (!IsOfWords(piece) || piece.type() == Piece::TYPE_USER_DEFINED) return piece.text();
    return Continues(piece.text()) ? piece.text().substr(continuation_.size()) : " " + piece.text();
  }
  std::string WordOf(const Piece& piece) const override { return piece.text(); }

  // A word of any length may be unknown.
  size_t max_token_bytes() const override { return 0; }

  bool Encode(std::string_view word, Encoding& encoding) const override {
    std::vector<uint32_t> ids;
    if (IsTooLong(word) || !FindPieces(word, ids)) ids.assign(1, unknown_);
    encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
    return true;
  }

 private:
  bool Continues(std::string_view text) const {
    return text.size() > continuation_.size() && text.starts_with(continuation_);
  }

  bool IsTooLong(std::string_view word) const {
    size_t characters = 0;
    for (size_t at = 0; at < word.size(); at += CharacterBytes(word.substr(at))) {
      if (++characters > max_characters_) return true;
    }
    return false;
  }

  // False: the word can't be made up of pieces.
  bool FindPieces(std::string_view word, std::vector<uint32_t>& ids) const {
    for (size_t at = 0; at < word.size();) {
      size_t longest = 0;
      uint32_t id = 0;
      const PieceTrie& trie = at == 0 ? first_ : following_;
      trie.ForEachPrefix(word.substr(at), [&](size_t bytes, uint32_t found) {
        longest = bytes;
        id = found;
      });
      if (longest == 0) return false;
      ids.push_back(id);
      at += longest;
    }
    return true;
  }

  const std::string continuation_;
  const size_t max_characters_;
  const uint32_t unknown_;
  PieceTrie first_, following_;
};

}  // namespace

std::unique_ptr<const WordModel> CreateWordPieceModel(const Message& message) {
  return std::make_unique<WordPieceModel>(message);
}

}  // namespace streamtensor::server
