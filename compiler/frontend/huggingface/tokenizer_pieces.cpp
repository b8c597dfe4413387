// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/tokenizer_pieces.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/huggingface/piece_table.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;
using nlohmann::json;

using Ids = PieceIds;

absl::Status Invalid(std::string_view message) { return absl::InvalidArgumentError(Message(message)); }

absl::Status Unsupported(std::string_view what) {
  return absl::UnimplementedError(
      Message(what, " can't be used yet; byte-level BPE, SentencePiece's BPE, Unigram and WordPiece can"));
}

absl::Status CheckBpe(const json& model, Tokenizer::Kind kind) {
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
    piece.set_type(byte_fallback && IsNameOfByte(text) ? Piece::TYPE_BYTE : Piece::TYPE_NORMAL);
    RETURN_IF_ERROR(table->Add(text, id, std::move(piece)));
    ids.emplace(text, id.get<uint32_t>());
  }
  return ids;
}

// Never in the byte-level alphabet.
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
  ASSIGN_OR_RETURN(Piece piece, ReadAddedPiece(token, text));
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

absl::Status ReadBpe(const json& model, Tokenizer* tokenizer, PieceTable* table, Ids* ids) {
  RETURN_IF_ERROR(CheckBpe(model, tokenizer->kind()));
  ASSIGN_OR_RETURN(*ids, ReadVocabulary(model, table));
  RETURN_IF_ERROR(ReadMerges(model, *ids, tokenizer));
  RETURN_IF_ERROR(ReadUnknownToken(model, *ids, tokenizer));
  ASSIGN_OR_RETURN(const bool ignore_merges, BoolMember(model, "ignore_merges", false));
  tokenizer->set_ignore_merges(ignore_merges);
  ASSIGN_OR_RETURN(const bool fuse_unknown, BoolMember(model, "fuse_unk", false));
  tokenizer->set_fuse_unknown(fuse_unknown && tokenizer->kind() != Tokenizer::KIND_BYTE_LEVEL_BPE);
  return absl::OkStatus();
}

absl::Status ReadWordPiece(const json& model, Tokenizer* tokenizer, PieceTable* table, Ids* ids) {
  ASSIGN_OR_RETURN(*ids, ReadVocabulary(model, table));
  RETURN_IF_ERROR(ReadUnknownToken(model, *ids, tokenizer));
  if (!tokenizer->has_unknown_token_id()) return Invalid("'model.unk_token' of a WordPiece is missing");
  ASSIGN_OR_RETURN(const std::string prefix, StringMember(model, "continuing_subword_prefix", "##"));
  tokenizer->set_continuation(prefix);
  constexpr uint64_t kMaxCharacters = 1 << 16;
  const json* characters = FindMember(model, "max_input_chars_per_word");
  if (characters != nullptr &&
      (!characters->is_number_unsigned() || characters->get<uint64_t>() > kMaxCharacters)) {
    return Invalid(Message("'model.max_input_chars_per_word' is ", JsonText(*characters), ", expected 0 to ",
                           kMaxCharacters));
  }
  tokenizer->set_max_word_characters(characters == nullptr ? 100 : characters->get<uint32_t>());
  return absl::OkStatus();
}

// [["<unk>", 0.0], ["\u2581a", -3.5], ...] in the order of ids.
absl::Status ReadUnigram(const json& model, Tokenizer* tokenizer, PieceTable* table, Ids* ids) {
  ASSIGN_OR_RETURN(const bool byte_fallback, BoolMember(model, "byte_fallback", false));
  const json* vocabulary = FindMember(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_array() || vocabulary->empty()) {
    return Invalid("'model.vocab' is missing or no array of pieces with scores");
  }
  double least = std::numeric_limits<double>::infinity();
  int bytes = 0;
  for (size_t id = 0; id < vocabulary->size(); ++id) {
    const json& entry = (*vocabulary)[id];
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      return Invalid(
          Message("'model.vocab' has ", JsonText(entry), " at ", id, ", expected a piece and its score"));
    }
    const auto& text = entry[0].get_ref<const std::string&>();
    Piece piece;
    const bool is_byte = byte_fallback && IsNameOfByte(text);
    piece.set_type(is_byte ? Piece::TYPE_BYTE : Piece::TYPE_NORMAL);
    bytes += is_byte;
    RETURN_IF_ERROR(table->Add(text, json(uint64_t{id}), std::move(piece)));
    ids->emplace(text, static_cast<uint32_t>(id));
    tokenizer->add_unigram_scores(entry[1].get<double>());
    least = std::min(least, entry[1].get<double>());
  }
  if (byte_fallback && bytes != 256) {
    return Invalid(Message("'model.byte_fallback' is true, but ", bytes, " of the 256 bytes are pieces"));
  }
  const json* unknown = FindMember(model, "unk_id");
  if (unknown == nullptr || !unknown->is_number_unsigned() ||
      unknown->get<uint64_t>() >= vocabulary->size()) {
    return Invalid(Message("'model.unk_id' is ", unknown == nullptr ? "missing" : JsonText(*unknown),
                           ", expected an id below ", vocabulary->size()));
  }
  tokenizer->set_unknown_token_id(unknown->get<uint32_t>());
  tokenizer->set_unknown_score(least - kUnigramUnknownPenalty);
  tokenizer->set_fuse_unknown(true);
  return absl::OkStatus();
}

absl::Status ReadModel(const json& model, Tokenizer* tokenizer, PieceTable* table, Ids* ids) {
  switch (tokenizer->kind()) {
    case Tokenizer::KIND_UNIGRAM:
      return ReadUnigram(model, tokenizer, table, ids);
    case Tokenizer::KIND_WORD_PIECE:
      return ReadWordPiece(model, tokenizer, table, ids);
    default:
      return ReadBpe(model, tokenizer, table, ids);
  }
}

}  // namespace

absl::Status ReadPieces(const json& root, uint64_t vocabulary, Tokenizer* tokenizer) {
  const json* model = FindMember(root, "model");
  if (model == nullptr || !model->is_object()) return Invalid("'model' is missing or no object");
  PieceTable table;
  Ids ids;
  RETURN_IF_ERROR(ReadModel(*model, tokenizer, &table, &ids));
  RETURN_IF_ERROR(ReadAddedTokens(root, ids, &table));
  RETURN_IF_ERROR(table.Fill(vocabulary));
  for (Piece& piece : table.pieces()) *tokenizer->add_pieces() = std::move(piece);
  if (tokenizer->kind() == Tokenizer::KIND_UNIGRAM) {
    // Of tokens that are no part of words.
    while (tokenizer->unigram_scores_size() < tokenizer->pieces_size()) tokenizer->add_unigram_scores(0);
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
