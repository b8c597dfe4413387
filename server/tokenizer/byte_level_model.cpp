// SPDX-License-Identifier: Apache-2.0
// Pieces of bytes, merged in pairs.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "server/tokenizer/pair_merges.h"
#include "server/tokenizer/word_model.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;

// The byte-level alphabet: every byte has a printable character. Bytes that are printable in Latin-1 are
// themselves; the 68 others follow U+0100, in order.
class ByteAlphabet {
 public:
  ByteAlphabet() {
    uint32_t next = 256;
    byte_of_.fill(-1);
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
      byte_of_[printable ? byte : next++] = static_cast<int16_t>(byte);
    }
  }

  // The bytes that `spelled` stands for; `spelled` itself where it holds any character outside.
  std::string Bytes(std::string_view spelled) const {
    std::string bytes;
    for (size_t i = 0; i < spelled.size();) {
      const auto first = static_cast<uint8_t>(spelled[i]);
      uint32_t character = first;
      size_t length = 1;
      if (first >= 0xc2 && first <= 0xc5 && i + 1 < spelled.size()) {
        character = (first & 0x1fu) << 6 | (static_cast<uint8_t>(spelled[i + 1]) & 0x3fu);
        length = 2;
      } else if (first >= 0x80) {
        return std::string(spelled);
      }
      if (character >= byte_of_.size() || byte_of_[character] < 0) return std::string(spelled);
      bytes.push_back(static_cast<char>(byte_of_[character]));
      i += length;
    }
    return bytes;
  }

 private:
  std::array<int16_t, 256 + 68> byte_of_;
};

class ByteLevelModel : public WordModel {
 public:
  explicit ByteLevelModel(const artifact::v1::Tokenizer& message) {
    byte_ids_.fill(kNone);
    for (int id = 0; id < message.pieces_size(); ++id) {
      const Piece& piece = message.pieces(id);
      if (IsSpecial(piece.type())) continue;
      const std::string bytes = BytesOf(piece);
      max_token_bytes_ = std::max(max_token_bytes_, bytes.size());
      if (piece.type() == Piece::TYPE_UNUSED || bytes.size() != 1) continue;
      byte_ids_[static_cast<uint8_t>(bytes[0])] = static_cast<uint32_t>(id);
    }
    // Bytes that have no token are left out of a word.
    if (std::ranges::count(byte_ids_, kNone) != 0) max_token_bytes_ = 0;
  }

  PairMerges& merges() { return merges_; }

  std::string BytesOf(const Piece& piece) const override {
    return IsSpecial(piece.type()) ? piece.text() : alphabet_.Bytes(piece.text());
  }
  std::string WordOf(const Piece& piece) const override { return BytesOf(piece); }

  bool Encode(std::string_view word, Encoding& encoding) const override {
    if (word.size() <= PairMerges::kShortWord) {
      std::array<uint32_t, PairMerges::kShortWord> symbols;
      return merges_.Encode({symbols.begin(), SymbolsOf(word, symbols.begin())}, encoding);
    }
    std::vector<uint32_t> symbols(word.size());
    symbols.erase(SymbolsOf(word, symbols.begin()), symbols.end());
    return merges_.Encode(symbols, encoding);
  }

  size_t max_token_bytes() const override { return max_token_bytes_; }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  // Returns the end of what it writes.
  template <class Out>
  Out SymbolsOf(std::string_view word, Out out) const {
    for (const char byte : word) {
      const uint32_t id = byte_ids_[static_cast<uint8_t>(byte)];
      if (id != kNone) *out++ = id;
    }
    return out;
  }

  ByteAlphabet alphabet_;
  std::array<uint32_t, 256> byte_ids_;
  PairMerges merges_;
  size_t max_token_bytes_ = 0;
};

}  // namespace

std::unique_ptr<const WordModel> CreateByteLevelModel(const artifact::v1::Tokenizer& message, Merges merges) {
  auto model = std::make_unique<ByteLevelModel>(message);
  AddMerges(merges, model->merges());
  return model;
}

}  // namespace streamtensor::server
