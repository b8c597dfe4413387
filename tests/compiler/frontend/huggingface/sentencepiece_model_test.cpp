// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/sentencepiece_model.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "streamtensor/frontend/v1/sentencepiece_model.pb.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;
using frontend::v1::SentencePieceModel;
using nlohmann::json;

void AddPiece(const std::string& text, float score, SentencePieceModel::Piece::Type type,
              SentencePieceModel* model) {
  SentencePieceModel::Piece* piece = model->add_pieces();
  piece->set_piece(text);
  piece->set_score(score);
  piece->set_type(type);
}

SentencePieceModel Small(SentencePieceModel::Trainer::ModelType type) {
  SentencePieceModel model;
  AddPiece("<unk>", 0, SentencePieceModel::Piece::UNKNOWN, &model);
  AddPiece("<s>", 0, SentencePieceModel::Piece::CONTROL, &model);
  AddPiece("</s>", 0, SentencePieceModel::Piece::CONTROL, &model);
  AddPiece("<0x0A>", 0, SentencePieceModel::Piece::BYTE, &model);
  AddPiece("xyz", 0, SentencePieceModel::Piece::USER_DEFINED, &model);
  AddPiece("a", -1.5, SentencePieceModel::Piece::NORMAL, &model);
  AddPiece("b", -4, SentencePieceModel::Piece::NORMAL, &model);
  model.mutable_trainer_spec()->set_model_type(type);
  model.mutable_trainer_spec()->set_byte_fallback(true);
  return model;
}

absl::StatusOr<Tokenizer> Read(const SentencePieceModel& model, const json& config = {}) {
  Tokenizer tokenizer;
  const absl::Status status = ReadSentencePieceModel(model.SerializeAsString(), config, 0, &tokenizer);
  if (!status.ok()) return status;
  return tokenizer;
}

TEST(SentencePieceModel, BecomesABpe) {
  const absl::StatusOr<Tokenizer> tokenizer = Read(Small(SentencePieceModel::Trainer::BPE));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_CHARACTER_BPE);
  EXPECT_EQ(tokenizer->pieces(3).type(), Piece::TYPE_BYTE);
  EXPECT_EQ(tokenizer->scores(5), -1.5f);
  EXPECT_EQ(tokenizer->bos_token_id(), 1u);
  EXPECT_EQ(tokenizer->eos_token_id(), 2u);
  EXPECT_TRUE(tokenizer->add_bos());
  EXPECT_EQ(tokenizer->space_prefix(), Tokenizer::SPACE_PREFIX_EACH);
  EXPECT_EQ(tokenizer->steps_size(), 3) << "of spaces that are too many";
}

TEST(SentencePieceModel, BecomesAUnigram) {
  SentencePieceModel model = Small(SentencePieceModel::Trainer::UNIGRAM);
  model.mutable_normalizer_spec()->set_remove_extra_whitespaces(false);
  model.mutable_normalizer_spec()->set_add_dummy_prefix(false);
  model.mutable_normalizer_spec()->set_precompiled_charsmap(std::string("\4\0\0\0\0\4\0\0x\0", 10));
  model.mutable_trainer_spec()->set_byte_fallback(false);
  const absl::StatusOr<Tokenizer> tokenizer = Read(model);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_UNIGRAM);
  EXPECT_EQ(tokenizer->pieces(3).type(), Piece::TYPE_UNUSED);
  EXPECT_FLOAT_EQ(static_cast<float>(tokenizer->unigram_scores(4)), 3 * -1.5f - 0.1f);
  EXPECT_EQ(tokenizer->unknown_score(), -14);
  EXPECT_TRUE(tokenizer->float_sums());
  EXPECT_FALSE(tokenizer->add_bos());
  EXPECT_EQ(tokenizer->space_prefix(), Tokenizer::SPACE_PREFIX_NONE);
  ASSERT_EQ(tokenizer->steps_size(), 1);
  EXPECT_EQ(tokenizer->steps(0).charsmap().trie().size(), 4u);
  EXPECT_FALSE(tokenizer->steps(0).charsmap().by_grapheme());
}

TEST(SentencePieceModel, TakesAddedTokens) {
  const json config = {{"added_tokens_decoder",
                        {{"0", {{"content", "<unk>"}, {"special", true}}},
                         {"8", {{"content", "<|user|>"}, {"special", true}, {"rstrip", true}}}}}};
  const absl::StatusOr<Tokenizer> tokenizer = Read(Small(SentencePieceModel::Trainer::BPE), config);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  ASSERT_EQ(tokenizer->pieces_size(), 9);
  EXPECT_EQ(tokenizer->pieces(0).type(), Piece::TYPE_UNKNOWN);
  EXPECT_EQ(tokenizer->pieces(7).type(), Piece::TYPE_UNUSED);
  EXPECT_EQ(tokenizer->pieces(8).type(), Piece::TYPE_CONTROL);
  EXPECT_TRUE(tokenizer->pieces(8).strip_right());
  EXPECT_EQ(tokenizer->scores_size(), 9);
}

TEST(SentencePieceModel, NamesWhatIsWrong) {
  const std::pair<std::function<void(SentencePieceModel&)>, std::string> cases[] = {
      {[](auto& m) { m.clear_pieces(); }, "it has no pieces"},
      {[](auto& m) { m.clear_trainer_spec(); }, "it lacks trainer_spec"},
      {[](auto& m) { m.mutable_trainer_spec()->set_model_type(SentencePieceModel::Trainer::WORD); },
       "a model of type WORD"},
      {[](auto& m) { m.mutable_trainer_spec()->set_treat_whitespace_as_suffix(true); },
       "treat_whitespace_as_suffix can't be used yet"},
      {[](auto& m) { m.mutable_normalizer_spec()->set_escape_whitespaces(false); },
       "escape_whitespaces = false can't be used yet"},
      {[](auto& m) { m.mutable_pieces(5)->set_score(std::numeric_limits<float>::infinity()); },
       "piece 5, 'a', has the score inf"},
      {[](auto& m) { m.mutable_pieces(3)->set_piece("<0x0a>"); }, "piece 3 is of a byte, but is '<0x0a>'"},
      {[](auto& m) { m.mutable_pieces(3)->clear_piece(); }, "piece 3 is of a byte"},
      {[](auto& m) { m.mutable_trainer_spec()->set_bos_id(7); }, "bos_id is 7, there are 7 pieces"},
      {[](auto& m) { m.mutable_trainer_spec()->set_unk_id(-1); }, "unk_id is negative"},
      {[](auto& m) { m.mutable_normalizer_spec()->set_precompiled_charsmap("abc"); },
       "'precompiled_charsmap' has 3 bytes"},
  };
  for (const auto& [damage, expected] : cases) {
    SentencePieceModel model = Small(SentencePieceModel::Trainer::UNIGRAM);
    damage(model);
    const std::string message(Read(model).status().message());
    EXPECT_NE(message.find(expected), std::string::npos) << expected << ": " << message;
  }
  const json config = {{"added_tokens_decoder", {{"x", {{"content", "<y>"}}}}}};
  EXPECT_NE(
      Read(Small(SentencePieceModel::Trainer::BPE), config).status().message().find("expected a token's id"),
      std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler
