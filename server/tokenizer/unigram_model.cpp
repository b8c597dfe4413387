// SPDX-License-Identifier: Apache-2.0
// Pieces of characters with scores: a word becomes those whose scores have the largest sum.
#include <algorithm>
#include <vector>

#include "server/tokenizer/byte_spelling.h"
#include "server/tokenizer/piece_trie.h"
#include "server/tokenizer/unicode.h"
#include "server/tokenizer/word_model.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;

class UnigramModel : public WordModel {
 public:
  explicit UnigramModel(const Message& message)
      : spelling_(message),
        scores_(message.unigram_scores().begin(), message.unigram_scores().end()),
        unknown_score_(message.unknown_score()),
        float_sums_(message.float_sums()) {
    for (int id = 0; id < message.pieces_size(); ++id) {
      const Piece& piece = message.pieces(id);
      if (!IsOfWords(piece)) continue;
      trie_.Add(piece.text(), static_cast<uint32_t>(id));
      max_token_bytes_ = std::max(max_token_bytes_, piece.text().size());
    }
    if (!spelling_.has_all_bytes()) max_token_bytes_ = 0;
  }

  std::string BytesOf(const Piece& piece) const override { return BytesOfCharacters(piece); }
  std::string WordOf(const Piece& piece) const override { return piece.text(); }
  size_t max_token_bytes() const override { return max_token_bytes_; }

  bool Encode(std::string_view word, Encoding& encoding) const override {
    std::vector<End> ends;
    if (!FindPieces(word, ends, encoding)) return false;
    std::vector<size_t> path;  // ends of pieces, the last first
    for (size_t at = word.size(); at > 0; at = ends[at].begin) path.push_back(at);
    std::vector<uint32_t> ids;
    for (auto end = path.rbegin(); end != path.rend(); ++end) {
      const End& piece = ends[*end];
      if (piece.id == ByteSpelling::kNone) {
        spelling_.Spell(word.substr(piece.begin, *end - piece.begin), ids);
      } else {
        ids.push_back(piece.id);
      }
    }
    encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
    return true;
  }

 private:
  // Of the best pieces up to a byte, the last and the sum of all.
  struct End {
    size_t begin = 0;
    double sum = 0;
    uint32_t id = ByteSpelling::kNone;  // kNone: one character without a piece
    bool is_reached = false;
  };

  double Rounded(double sum) const {
    return float_sums_ ? static_cast<double>(static_cast<float>(sum)) : sum;
  }

  // Of equal sums the first found stays: pieces that begin earlier come first.
  bool FindPieces(std::string_view word, std::vector<End>& ends, Encoding& encoding) const {
    ends.resize(word.size() + 1);
    for (size_t at = 0; at < word.size();) {
      const size_t character = CharacterBytes(word.substr(at));
      const double sum = ends[at].sum;
      bool has_character = false;
      size_t looked_at = 1;
      trie_.ForEachPrefix(word.substr(at), [&](size_t bytes, uint32_t id) {
        Reach(ends[at + bytes], {at, scores_[id] + sum, id, true});
        has_character |= bytes == character;
        looked_at = bytes;
      });
      if (!has_character) {
        Reach(ends[at + character], {at, unknown_score_ + sum, ByteSpelling::kNone, true});
      }
      if (!encoding.Continue(looked_at)) return false;
      at += character;
    }
    return true;
  }

  void Reach(End& end, End candidate) const {
    candidate.sum = Rounded(candidate.sum);
    if (!end.is_reached || candidate.sum > end.sum) end = candidate;
  }

  const ByteSpelling spelling_;
  const std::vector<double> scores_;
  const double unknown_score_;
  const bool float_sums_;
  PieceTrie trie_;
  size_t max_token_bytes_ = 0;
};

}  // namespace

std::unique_ptr<const WordModel> CreateUnigramModel(const Message& message) {
  return std::make_unique<UnigramModel>(message);
}

}  // namespace streamtensor::server
