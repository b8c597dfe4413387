// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/compiler/frontend/gguf_builder.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;

absl::StatusOr<Tokenizer> Export(const GgufBuilder& builder) {
  const std::string bytes = builder.Build();
  auto file = GgufFile::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  if (!file.ok()) return file.status();
  return ReadGgufTokenizer(**file);
}

void ExpectRefused(const GgufBuilder& builder, absl::StatusCode code, const std::string& part) {
  const absl::Status status = Export(builder).status();
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
}

TEST(GgufTokenizer, CarriesEverything) {
  const absl::StatusOr<Tokenizer> tokenizer = Export(TinyLlamaFile());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->format_version(), 1u);
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_BYTE_LEVEL_BPE);
  EXPECT_EQ(tokenizer->pre_tokenizer(), Tokenizer::PRE_TOKENIZER_DIGITS_WORDS);
  ASSERT_EQ(tokenizer->pieces_size(), 16);
  EXPECT_EQ(tokenizer->pieces(2).text(), "<|im_end|>");
  EXPECT_EQ(tokenizer->pieces(2).type(), Piece::TYPE_CONTROL);
  EXPECT_EQ(tokenizer->pieces(3).text(), "a");
  EXPECT_EQ(tokenizer->pieces(3).type(), Piece::TYPE_NORMAL);
  ASSERT_EQ(tokenizer->merges_size(), 1);
  EXPECT_EQ(tokenizer->merges(0).left(), "a");
  EXPECT_EQ(tokenizer->merges(0).right(), "b");
  EXPECT_EQ(tokenizer->bos_token_id(), 1u);
  EXPECT_EQ(tokenizer->eos_token_id(), 2u);
  EXPECT_FALSE(tokenizer->has_unknown_token_id());
  EXPECT_EQ(tokenizer->chat_template(), "{{ messages }}");
  // <|endoftext|>; <|im_end|> is the end of sequence itself.
  ASSERT_EQ(tokenizer->end_of_generation_ids_size(), 1);
  EXPECT_EQ(tokenizer->end_of_generation_ids(0), 0u);
}

TEST(GgufTokenizer, KnowsPreTokenizers) {
  for (const auto& [name, wanted] : {std::pair("gpt-2", Tokenizer::PRE_TOKENIZER_WORDS),
                                     std::pair("default", Tokenizer::PRE_TOKENIZER_WORDS),
                                     std::pair("llama-bpe", Tokenizer::PRE_TOKENIZER_LINES_DIGIT_GROUPS),
                                     std::pair("llama3", Tokenizer::PRE_TOKENIZER_LINES_DIGIT_GROUPS),
                                     std::pair("qwen2", Tokenizer::PRE_TOKENIZER_LINES_DIGITS)}) {
    GgufBuilder builder = TinyLlamaFile();
    builder.Text("tokenizer.ggml.pre", name);
    EXPECT_EQ(Export(builder)->pre_tokenizer(), wanted);
  }
  GgufBuilder builder = TinyLlamaFile();
  builder.Remove("tokenizer.ggml.pre");
  EXPECT_EQ(Export(builder)->pre_tokenizer(), Tokenizer::PRE_TOKENIZER_WORDS);
  builder.Text("tokenizer.ggml.pre", "tekken");
  ExpectRefused(builder, absl::StatusCode::kUnimplemented, "pre-tokenizer 'tekken'");
}

TEST(GgufTokenizer, Llama3BeginsTextUnlessTheFileSaysNo) {
  GgufBuilder builder = TinyLlamaFile();
  builder.Text("tokenizer.ggml.pre", "llama-bpe");
  EXPECT_FALSE(Export(builder)->add_bos());
  builder.Remove("tokenizer.ggml.add_bos_token");
  EXPECT_TRUE(Export(builder)->add_bos());
  builder.Text("tokenizer.ggml.pre", "qwen2");
  EXPECT_FALSE(Export(builder)->add_bos());
}

TEST(GgufTokenizer, RefusesOthers) {
  GgufBuilder builder = TinyLlamaFile();
  builder.Text("tokenizer.ggml.model", "rwkv");
  ExpectRefused(builder, absl::StatusCode::kUnimplemented, "tokenizer model 'rwkv'");
  builder.Remove("tokenizer.ggml.model");
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "'tokenizer.ggml.model' is missing");
}

GgufBuilder SentencePieces() {
  GgufBuilder builder = TinyLlamaFile();
  builder.Text("tokenizer.ggml.model", "llama");
  builder.Bool("tokenizer.ggml.add_space_prefix", false);
  builder.Floats("tokenizer.ggml.scores", {0, 0, 0, 0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12});
  return builder;
}

TEST(GgufTokenizer, ReadsSentencePieces) {
  GgufBuilder builder = SentencePieces();
  absl::StatusOr<Tokenizer> tokenizer = Export(builder);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->format_version(), 3u);
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_CHARACTER_BPE);
  EXPECT_EQ(tokenizer->pre_tokenizer(), Tokenizer::PRE_TOKENIZER_NONE);
  EXPECT_EQ(tokenizer->merges_size(), 0) << "merges come of scores";
  ASSERT_EQ(tokenizer->scores_size(), 16);
  EXPECT_EQ(tokenizer->scores(5), -2);
  EXPECT_TRUE(tokenizer->fuse_unknown());
  EXPECT_FALSE(tokenizer->add_space_prefix());
  EXPECT_EQ(tokenizer->space_prefix(), Tokenizer::SPACE_PREFIX_NONE) << "the file says so";
  EXPECT_FALSE(tokenizer->add_bos());
  // What llama.cpp takes for granted.
  builder.Remove("tokenizer.ggml.add_space_prefix");
  builder.Remove("tokenizer.ggml.add_bos_token");
  builder.Remove("tokenizer.ggml.pre");
  tokenizer = Export(builder);
  EXPECT_EQ(tokenizer->space_prefix(), Tokenizer::SPACE_PREFIX_EACH);
  EXPECT_TRUE(tokenizer->add_bos());
}

TEST(GgufTokenizer, NamesWhatIsWrongWithScores) {
  GgufBuilder builder = SentencePieces();
  builder.Floats("tokenizer.ggml.scores", {0, 1});
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument,
                "tokenizer.ggml.scores has 2 elements for 16 tokens");
  std::vector<float> scores(16, 0.0f);
  scores[3] = std::numeric_limits<float>::infinity();
  builder.Floats("tokenizer.ggml.scores", scores);
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "the score of token 3 is inf");
  builder.Remove("tokenizer.ggml.scores");
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "'tokenizer.ggml.scores' is missing");
}

TEST(GgufTokenizer, NamesWhatIsWrong) {
  const GgufBuilder sound = TinyLlamaFile();
  GgufBuilder builder = sound;
  builder.Uint("tokenizer.ggml.eos_token_id", 16);
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument,
                "tokenizer.ggml.eos_token_id is 16, the vocabulary has 16 tokens");
  builder = sound;
  builder.Ints("tokenizer.ggml.token_type", {1, 2});
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "has 2 elements for 16 tokens");
  builder = sound;
  builder.Ints("tokenizer.ggml.token_type", std::vector<int32_t>(16, 9));
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "token 0 has type 9");
  for (const char* merge : {"ab", "a ", ""}) {
    builder = sound;
    builder.Texts("tokenizer.ggml.merges", {"a b", merge});
    ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "merge 1 is");
  }
  builder = sound;
  builder.Remove("tokenizer.ggml.bos_token_id");
  builder.Bool("tokenizer.ggml.add_bos_token", true);
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "tokenizer.ggml.bos_token_id is missing");
}

}  // namespace
}  // namespace streamtensor::compiler
