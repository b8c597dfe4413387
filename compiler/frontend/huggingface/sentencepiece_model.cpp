// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/sentencepiece_model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/huggingface/piece_table.h"
#include "compiler/frontend/huggingface/text_steps.h"
#include "compiler/frontend/message.h"
#include "streamtensor/frontend/v1/sentencepiece_model.pb.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;
using frontend::v1::SentencePieceModel;
using nlohmann::json;

absl::Status Invalid(std::string_view message) { return absl::InvalidArgumentError(Message(message)); }

absl::Status Unsupported(std::string_view what) {
  return absl::UnimplementedError(Message(what, " can't be used yet"));
}

absl::Status CheckModel(const SentencePieceModel& model) {
  if (model.pieces().empty()) return Invalid("it has no pieces");
  if (!model.has_trainer_spec()) return Invalid("it lacks trainer_spec, which says what its pieces are");
  const SentencePieceModel::Trainer& trainer = model.trainer_spec();
  if (trainer.model_type() != SentencePieceModel::Trainer::BPE &&
      trainer.model_type() != SentencePieceModel::Trainer::UNIGRAM) {
    return Unsupported(Message("a model of type ",
                               SentencePieceModel::Trainer::ModelType_Name(trainer.model_type()),
                               "; BPE and UNIGRAM can; this one"));
  }
  if (trainer.treat_whitespace_as_suffix()) return Unsupported("treat_whitespace_as_suffix");
  if (!model.normalizer_spec().escape_whitespaces()) return Unsupported("escape_whitespaces = false");
  return absl::OkStatus();
}

absl::Status ReadModelPieces(const SentencePieceModel& model, PieceTable* table, std::vector<float>* scores) {
  for (int id = 0; id < model.pieces_size(); ++id) {
    const SentencePieceModel::Piece& given = model.pieces(id);
    if (!std::isfinite(given.score())) {
      return Invalid(Message("piece ", id, ", ", Quoted(given.piece()), ", has the score ", given.score()));
    }
    if (given.type() == SentencePieceModel::Piece::BYTE && !IsNameOfByte(given.piece())) {
      return Invalid(
          Message("piece ", id, " is of a byte, but is ", Quoted(given.piece()), "; expected <0xHH>"));
    }
    Piece piece;
    // Both enums have the same numbers.
    piece.set_type(static_cast<Piece::Type>(given.type()));
    RETURN_IF_ERROR(table->Add(given.piece(), json(static_cast<uint64_t>(id)), std::move(piece)));
    scores->push_back(given.score());
  }
  return absl::OkStatus();
}

// "added_tokens_decoder": {"32000": {"content": "<|user|>", ...}, ...}
absl::Status ReadAddedTokens(const json& tokenizer_config, PieceTable* table) {
  const json* tokens = FindMember(tokenizer_config, "added_tokens_decoder");
  if (tokens == nullptr) return absl::OkStatus();
  if (!tokens->is_object()) return Invalid("'added_tokens_decoder' of tokenizer_config.json is no object");
  for (const auto& [name, token] : tokens->items()) {
    uint32_t id = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    ASSIGN_OR_RETURN(const std::string text, StringMember(token, "content", ""));
    if (error != std::errc() || end != name.data() + name.size() || text.empty()) {
      return Invalid(Message("'added_tokens_decoder' of tokenizer_config.json has ", JsonText(token), " for ",
                             Quoted(name), ", expected a token's id and its 'content'"));
    }
    ASSIGN_OR_RETURN(Piece piece, ReadAddedPiece(token, text));
    // The library's own normaliser has no part in finding them.
    piece.set_composed(false);
    const bool is_unknown = id < table->pieces().size() && table->pieces()[id].type() == Piece::TYPE_UNKNOWN;
    if (is_unknown) piece.set_type(Piece::TYPE_UNKNOWN);
    RETURN_IF_ERROR(table->Add(text, json(uint64_t{id}), std::move(piece)));
  }
  return absl::OkStatus();
}

absl::Status ReadIds(const SentencePieceModel& model, Tokenizer* tokenizer) {
  const SentencePieceModel::Trainer& trainer = model.trainer_spec();
  const struct {
    std::string_view name;
    int32_t id;
    void (Tokenizer::*set)(uint32_t);
  } ids[] = {{"unk_id", trainer.unk_id(), &Tokenizer::set_unknown_token_id},
             {"bos_id", trainer.bos_id(), &Tokenizer::set_bos_token_id},
             {"eos_id", trainer.eos_id(), &Tokenizer::set_eos_token_id},
             {"pad_id", trainer.pad_id(), &Tokenizer::set_padding_token_id}};
  for (const auto& [name, id, set] : ids) {
    if (id < 0) continue;
    if (id >= model.pieces_size()) {
      return Invalid(Message(name, " is ", id, ", there are ", model.pieces_size(), " pieces"));
    }
    (tokenizer->*set)(static_cast<uint32_t>(id));
  }
  if (!tokenizer->has_unknown_token_id())
    return Invalid("unk_id is negative; every model has an unknown token");
  return absl::OkStatus();
}

}  // namespace

void SetUnigramScores(const std::vector<float>& scores, Tokenizer* tokenizer) {
  float least = std::numeric_limits<float>::max(), most = std::numeric_limits<float>::lowest();
  for (size_t id = 0; id < scores.size(); ++id) {
    if (tokenizer->pieces(static_cast<int>(id)).type() != Piece::TYPE_NORMAL) continue;
    least = std::min(least, scores[id]);
    most = std::max(most, scores[id]);
  }
  if (least > most) least = most = 0;
  for (int id = 0; id < tokenizer->pieces_size(); ++id) {
    const Piece& piece = tokenizer->pieces(id);
    const float given = static_cast<size_t>(id) < scores.size() ? scores[static_cast<size_t>(id)] : 0;
    // As if each of its bytes were the best piece.
    constexpr double kUserDefinedPenalty = 0.1;
    const double user_defined = static_cast<float>(piece.text().size()) * most - kUserDefinedPenalty;
    tokenizer->add_unigram_scores(piece.type() == Piece::TYPE_USER_DEFINED ? static_cast<float>(user_defined)
                                                                           : given);
  }
  tokenizer->set_unknown_score(least - static_cast<float>(kUnigramUnknownPenalty));
  tokenizer->set_float_sums(true);
}

absl::Status AddSentencePieceSteps(std::string_view charsmap, bool removes_extra_spaces,
                                   Tokenizer* tokenizer) {
  RETURN_IF_ERROR(AddCharsmap(charsmap, /*by_grapheme=*/false, tokenizer));
  if (!removes_extra_spaces) return absl::OkStatus();
  AddReplacement("\\A +", "", tokenizer);
  AddReplacement("(?<![ \\x{2581}])[ \\x{2581}]++\\z", "", tokenizer);
  AddReplacement(" {2,}", " ", tokenizer);
  return absl::OkStatus();
}

absl::Status ReadSentencePieceModel(std::string_view file, const json& tokenizer_config, uint64_t vocabulary,
                                    Tokenizer* tokenizer) {
  SentencePieceModel model;
  if (file.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !model.ParseFromArray(file.data(), static_cast<int>(file.size()))) {
    return Invalid("it is no SentencePiece model, or damaged");
  }
  RETURN_IF_ERROR(CheckModel(model));
  const bool is_unigram = model.trainer_spec().model_type() == SentencePieceModel::Trainer::UNIGRAM;
  tokenizer->set_kind(is_unigram ? Tokenizer::KIND_UNIGRAM : Tokenizer::KIND_CHARACTER_BPE);
  tokenizer->set_pre_tokenizer(Tokenizer::PRE_TOKENIZER_NONE);
  tokenizer->set_fuse_unknown(true);
  PieceTable table;
  std::vector<float> scores;
  RETURN_IF_ERROR(ReadModelPieces(model, &table, &scores));
  RETURN_IF_ERROR(ReadAddedTokens(tokenizer_config, &table));
  RETURN_IF_ERROR(table.Fill(vocabulary));
  for (Piece& piece : table.pieces()) {
    // Bytes that are not to stand for characters.
    if (piece.type() == Piece::TYPE_BYTE && !model.trainer_spec().byte_fallback()) {
      piece.set_type(Piece::TYPE_UNUSED);
    }
    *tokenizer->add_pieces() = std::move(piece);
  }
  if (is_unigram) {
    SetUnigramScores(scores, tokenizer);
  } else {
    scores.resize(static_cast<size_t>(tokenizer->pieces_size()));
    tokenizer->mutable_scores()->Assign(scores.begin(), scores.end());
  }
  RETURN_IF_ERROR(ReadIds(model, tokenizer));
  tokenizer->set_add_bos(!is_unigram && tokenizer->has_bos_token_id());
  if (model.normalizer_spec().add_dummy_prefix()) {
    tokenizer->set_space_prefix(Tokenizer::SPACE_PREFIX_EACH);
  }
  return AddSentencePieceSteps(model.normalizer_spec().precompiled_charsmap(),
                               model.normalizer_spec().remove_extra_whitespaces(), tokenizer);
}

}  // namespace streamtensor::compiler
