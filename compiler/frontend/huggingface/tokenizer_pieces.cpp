// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/tokenizer_pieces.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;
using nlohmann::json;

constexpr uint64_t kMaxPieces = uint64_t{1} << 21;
constexpr size_t kMaxPieceBytes = size_t{1} << 16;
// Ids without a token: a few are common, since embeddings are padded.
constexpr size_t kMaxUnusedPieces = size_t{1} << 16;

// By text.
using Ids = std::unordered_map<std::string_view, uint32_t>;

absl::Status Invalid(std::string_view message) { return absl::InvalidArgumentError(Message(message)); }

absl::Status Unsupported(std::string_view what) {
  return absl::UnimplementedError(
      Message(what, " can't be used yet; byte-level BPE and SentencePiece's BPE can"));
}

absl::Status CheckModel(const json& model, Tokenizer::Kind kind) {
  ASSIGN_OR_RETURN(const std::string type, StringMember(model, "type", "BPE"));
  if (type != "BPE") return Unsupported(Message("tokenizer model ", Quoted(type)));
  ASSIGN_OR_RETURN(const bool byte_fallback, BoolMember(model, "byte_fallback", false));
  if (byte_fallback && kind == Tokenizer::KIND_BYTE_LEVEL_BPE) {
    return Unsupported("byte-level BPE with byte fallback");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    ASSIGN_OR_RETURN(const std::string text, StringMember(model, key, ""));
    if (!text.empty()) return Unsupported(Message("BPE with '", key, "' ", Quoted(text)));
  }
  const json* dropout = FindMember(model, "dropout");
  if (dropout != nullptr && *dropout != 0) {
    return Unsupported(Message("BPE with 'dropout' ", JsonText(*dropout)));
  }
  return absl::OkStatus();
}

// Pieces by id while they are gathered; the text of one without a token is empty.
class PieceTable {
 public:
  absl::Status Add(const std::string& text, const json& id, Piece piece) {
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

  // Fills the holes, and adds pieces until there are `count`.
  absl::Status Fill(uint64_t count) {
    if (count > kMaxPieces)
      return Invalid(Message("'vocab_size' is ", count, "; at most ", kMaxPieces, " is allowed"));
    const size_t given = Given();
    if (count != 0 && count < pieces_.size()) {
      return Invalid(Message("token ", Quoted(pieces_.back().text()), " has the id ", pieces_.size() - 1,
                             ", but 'vocab_size' is ", count));
    }
    if (std::max<uint64_t>(count, pieces_.size()) - given > kMaxUnusedPieces) {
      return Invalid(Message(given, " tokens for ", std::max<uint64_t>(count, pieces_.size()),
                             " ids; at most ", kMaxUnusedPieces, " ids may have none"));
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

  std::vector<Piece>& pieces() { return pieces_; }

 private:
  size_t Given() const {
    return static_cast<size_t>(std::count_if(pieces_.begin(), pieces_.end(),
                                             [](const Piece& piece) { return !piece.text().empty(); }));
  }

  std::vector<Piece> pieces_;
};

// "<0x0A>"
bool IsByte(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return text.size() == 6 && text.starts_with("<0x") && is_digit(text[3]) && is_digit(text[4]) &&
         text[5] == '>';
}

absl::StatusOr<Ids> ReadVocabulary(const json& model, PieceTable* table) {
  ASSIGN_OR_RETURN(const bool byte_fallback, BoolMember(model, "byte_fallback", false));
  const json* vocabulary = FindMember(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_object() || vocabulary->empty()) {
    return Invalid("'model.vocab' is missing or no object of ids");
  }
  Ids ids;
  ids.reserve(vocabulary->size());
  for (const auto& [text, id] : vocabulary->get_ref<const json::object_t&>()) {
    Piece piece;
    piece.set_type(byte_fallback && IsByte(text) ? Piece::TYPE_BYTE : Piece::TYPE_NORMAL);
    RETURN_IF_ERROR(table->Add(text, id, std::move(piece)));
    ids.emplace(text, id.get<uint32_t>());
  }
  return ids;
}

// An added token stands in text as it is, never in the byte-level alphabet.
absl::Status ReadAddedToken(const json& token, const Ids& vocabulary, std::set<std::string>* seen,
                            PieceTable* table) {
  const json* id = FindMember(token, "id");
  ASSIGN_OR_RETURN(const std::string text, StringMember(token, "content", ""));
  if (id == nullptr || text.empty())
    return Invalid(Message("added token ", JsonText(token), " lacks 'id' or 'content'"));
  if (!seen->insert(text).second) return Invalid(Message("added token ", Quoted(text), " stands twice"));
  const auto known = vocabulary.find(text);
  if (known != vocabulary.end() && *id != known->second) {
    return Invalid(Message("added token ", Quoted(text), " has the id ", JsonText(*id), ", in 'model.vocab' ",
                           known->second));
  }
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
  return table->Add(text, *id, std::move(piece));
}

absl::Status ReadAddedTokens(const json& root, const Ids& vocabulary, PieceTable* table) {
  const json* tokens = FindMember(root, "added_tokens");
  if (tokens == nullptr) return absl::OkStatus();
  if (!tokens->is_array()) return Invalid(Message("'added_tokens' is ", JsonText(*tokens), ", not an array"));
  std::set<std::string> seen;
  for (const json& token : *tokens) RETURN_IF_ERROR(ReadAddedToken(token, vocabulary, &seen, table));
  return absl::OkStatus();
}

// "left right" or ["left", "right"].
absl::StatusOr<artifact::v1::Merge> ReadMerge(const json& merge, size_t rank) {
  artifact::v1::Merge result;
  if (merge.is_string()) {
    const auto& text = merge.get_ref<const std::string&>();
    const size_t space = text.find(' ');
    if (space != std::string::npos && space == text.rfind(' ')) {
      result.set_left(text.substr(0, space));
      result.set_right(text.substr(space + 1));
    }
  } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    result.set_left(merge[0].get<std::string>());
    result.set_right(merge[1].get<std::string>());
  }
  if (result.left().empty() || result.right().empty()) {
    return Invalid(Message("merge ", rank, " is ", JsonText(merge), ", expected two pieces"));
  }
  return result;
}

absl::Status ReadMerges(const json& model, const Ids& vocabulary, Tokenizer* tokenizer) {
  const json* merges = FindMember(model, "merges");
  if (merges == nullptr || !merges->is_array()) return Invalid("'model.merges' is missing or no array");
  std::set<std::pair<uint32_t, uint32_t>> seen;
  for (size_t i = 0; i < merges->size(); ++i) {
    const json& entry = (*merges)[i];
    // The first line of the file that older tokenizers were made of.
    if (entry.is_string() && entry.get_ref<const std::string&>().starts_with("#version")) continue;
    ASSIGN_OR_RETURN(artifact::v1::Merge merge, ReadMerge(entry, i));
    const std::string whole = merge.left() + merge.right();
    for (const std::string* part : {&merge.left(), &merge.right(), &whole}) {
      if (!vocabulary.contains(*part)) {
        return Invalid(
            Message("merge ", i, " needs the token ", Quoted(*part), ", which 'model.vocab' lacks"));
      }
    }
    if (!seen.emplace(vocabulary.at(merge.left()), vocabulary.at(merge.right())).second) {
      return Invalid(Message("merge ", i, ", ", JsonText(entry), ", stands twice"));
    }
    *tokenizer->add_merges() = std::move(merge);
  }
  return absl::OkStatus();
}

absl::Status ReadUnknownToken(const json& model, const Ids& vocabulary, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const std::string text, StringMember(model, "unk_token", ""));
  if (text.empty()) return absl::OkStatus();
  const auto found = vocabulary.find(text);
  if (found == vocabulary.end())
    return Invalid(Message("'model.unk_token' ", Quoted(text), " is not a token"));
  tokenizer->set_unknown_token_id(found->second);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadPieces(const json& root, uint64_t vocabulary, Tokenizer* tokenizer) {
  const json* model = FindMember(root, "model");
  if (model == nullptr || !model->is_object()) return Invalid("'model' is missing or no object");
  RETURN_IF_ERROR(CheckModel(*model, tokenizer->kind()));
  PieceTable table;
  ASSIGN_OR_RETURN(const Ids ids, ReadVocabulary(*model, &table));
  RETURN_IF_ERROR(ReadMerges(*model, ids, tokenizer));
  RETURN_IF_ERROR(ReadUnknownToken(*model, ids, tokenizer));
  ASSIGN_OR_RETURN(const bool ignore_merges, BoolMember(*model, "ignore_merges", false));
  tokenizer->set_ignore_merges(ignore_merges);
  ASSIGN_OR_RETURN(const bool fuse_unknown, BoolMember(*model, "fuse_unk", false));
  tokenizer->set_fuse_unknown(fuse_unknown && tokenizer->kind() != Tokenizer::KIND_BYTE_LEVEL_BPE);
  RETURN_IF_ERROR(ReadAddedTokens(root, ids, &table));
  RETURN_IF_ERROR(table.Fill(vocabulary));
  for (Piece& piece : table.pieces()) *tokenizer->add_pieces() = std::move(piece);
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
