// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/huggingface_tokenizer.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/compiler/frontend/huggingface/folder_builder.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;

struct Files {
  json tokenizer = SmallTokenizer();
  json tokenizer_config = SmallTokenizerConfig();
  json generation_config = json::object();
  json config = {{"model_type", "llama"}};
  std::optional<std::string> chat_template;
};

absl::StatusOr<Tokenizer> Read(const Files& files) {
  const std::string tokenizer = files.tokenizer.dump(), tokenizer_config = files.tokenizer_config.dump(),
                    generation = files.generation_config.dump(), config = files.config.dump();
  TokenizerTexts texts = {.tokenizer = tokenizer,
                          .tokenizer_config = tokenizer_config,
                          .generation_config = generation,
                          .config = config,
                          .chat_template = std::nullopt};
  if (files.chat_template.has_value()) texts.chat_template = *files.chat_template;
  return ReadHuggingFaceTokenizer(texts);
}

json Template(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  const json ids = {{"<|endoftext|>", 0}, {"<|im_start|>", 1}, {"<|im_end|>", 2}};
  json single = json::array(), tokens = json::object();
  const auto add = [&](const std::string& token) {
    single.push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
    tokens[token] = {{"id", token}, {"ids", {ids[token]}}, {"tokens", {token}}};
  };
  for (const std::string& token : before) add(token);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  for (const std::string& token : after) add(token);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", json::array()},
          {"special_tokens", tokens}};
}

json Split(const json& pattern, const std::string& behavior, bool invert = false) {
  return {{"type", "Split"}, {"pattern", pattern}, {"behavior", behavior}, {"invert", invert}};
}

json ByteLevel(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", use_regex}};
}

json Sequence(const json& steps) { return {{"type", "Sequence"}, {"pretokenizers", steps}}; }

TEST(HuggingFaceTokenizer, CarriesEverything) {
  const absl::StatusOr<Tokenizer> tokenizer = Read({});
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->format_version(), 2u);
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_BYTE_LEVEL_BPE);
  EXPECT_EQ(tokenizer->pre_tokenizer(), Tokenizer::PRE_TOKENIZER_WORDS);
  ASSERT_EQ(tokenizer->splits_size(), 1);
  EXPECT_EQ(tokenizer->splits(0).pattern(), "[\\p{N}]");
  ASSERT_EQ(tokenizer->pieces_size(), 16);
  EXPECT_EQ(tokenizer->pieces(2).text(), "<|im_end|>");
  EXPECT_EQ(tokenizer->pieces(2).type(), Piece::TYPE_CONTROL);
  EXPECT_EQ(tokenizer->pieces(3).text(), "a");
  EXPECT_EQ(tokenizer->pieces(3).type(), Piece::TYPE_NORMAL);
  EXPECT_EQ(tokenizer->pieces(15).text(), "ab");
  ASSERT_EQ(tokenizer->merges_size(), 1);
  EXPECT_EQ(tokenizer->merges(0).left(), "a");
  EXPECT_EQ(tokenizer->merges(0).right(), "b");
  EXPECT_EQ(tokenizer->bos_token_id(), 1u);
  EXPECT_EQ(tokenizer->eos_token_id(), 2u);
  EXPECT_FALSE(tokenizer->add_bos());
  EXPECT_FALSE(tokenizer->has_unknown_token_id());
  EXPECT_EQ(tokenizer->chat_template(), "{{ messages }}");
  // <|endoftext|>; <|im_end|> is the end of sequence itself.
  ASSERT_EQ(tokenizer->end_of_generation_ids_size(), 1);
  EXPECT_EQ(tokenizer->end_of_generation_ids(0), 0u);
}

TEST(HuggingFaceTokenizer, ReadsMergesInBothSpellings) {
  Files files;
  files.tokenizer["model"]["merges"] = json::array({json::array({"a", "b"})});
  EXPECT_EQ(Read(files)->SerializeAsString(), Read({})->SerializeAsString());
  files.tokenizer["model"]["merges"] = {"#version: 0.2", "a b"};
  EXPECT_EQ(Read(files)->SerializeAsString(), Read({})->SerializeAsString());
}

constexpr char kSpace[] = "\u2581";

// A BPE of characters, as SentencePiece's are converted.
Files SentencePieces() {
  Files files;
  files.tokenizer["model"]["byte_fallback"] = true;
  files.tokenizer["model"]["fuse_unk"] = true;
  files.tokenizer["model"]["vocab"]["<0x0A>"] = 16;
  files.tokenizer["normalizer"] = {
      {"type", "Sequence"},
      {"normalizers",
       {{{"type", "Prepend"}, {"prepend", kSpace}},
        {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpace}}}}};
  files.tokenizer["pre_tokenizer"] = nullptr;
  files.tokenizer["decoder"] = {{"type", "Sequence"},
                                {"decoders",
                                 {{{"type", "Replace"}, {"pattern", {{"String", kSpace}}}, {"content", " "}},
                                  {{"type", "ByteFallback"}},
                                  {{"type", "Fuse"}},
                                  {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}};
  return files;
}

TEST(HuggingFaceTokenizer, ReadsSentencePieces) {
  Files files = SentencePieces();
  absl::StatusOr<Tokenizer> tokenizer = Read(files);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->format_version(), 3u);
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_CHARACTER_BPE);
  EXPECT_EQ(tokenizer->pre_tokenizer(), Tokenizer::PRE_TOKENIZER_NONE);
  EXPECT_EQ(tokenizer->space_prefix(), Tokenizer::SPACE_PREFIX_EACH);
  EXPECT_EQ(tokenizer->pieces(16).type(), Piece::TYPE_BYTE);
  EXPECT_EQ(tokenizer->pieces(3).type(), Piece::TYPE_NORMAL);
  EXPECT_EQ(tokenizer->merges_size(), 1);
  EXPECT_TRUE(tokenizer->fuse_unknown());
  files.tokenizer_config["add_prefix_space"] = true;
  EXPECT_TRUE(Read(files).ok());
  files.tokenizer_config["add_prefix_space"] = false;
  EXPECT_EQ(Read(files).status().message(),
            "tokenizer_config.json: 'add_prefix_space' is false, but tokenizer.json adds a space before a "
            "text; the "
            "two can't differ yet");
  // A space that splits no more, since there is none.
  files = SentencePieces();
  files.tokenizer["normalizer"] = files.tokenizer["normalizer"]["normalizers"][1];
  files.tokenizer["pre_tokenizer"] = Split({{"String", " "}}, "MergedWithPrevious");
  tokenizer = Read(files);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->space_prefix(), Tokenizer::SPACE_PREFIX_NONE);
  EXPECT_EQ(tokenizer->splits_size(), 0);
  files.tokenizer["model"]["byte_fallback"] = false;
  EXPECT_EQ(Read(files)->pieces(16).type(), Piece::TYPE_NORMAL);
}

TEST(HuggingFaceTokenizer, ReadsMetaspace) {
  const struct {
    json step;
    Tokenizer::SpacePrefix prefix;
    int splits;
  } cases[] = {
      {{{"prepend_scheme", "always"}, {"split", false}}, Tokenizer::SPACE_PREFIX_EACH_UNSPACED, 0},
      {{{"prepend_scheme", "first"}, {"split", true}}, Tokenizer::SPACE_PREFIX_FIRST_UNSPACED, 1},
      {{{"prepend_scheme", "never"}}, Tokenizer::SPACE_PREFIX_NONE, 1},
      {{{"add_prefix_space", false}}, Tokenizer::SPACE_PREFIX_NONE, 1},
      {{{"replacement", kSpace}}, Tokenizer::SPACE_PREFIX_EACH_UNSPACED, 1},
  };
  for (const auto& [step, prefix, splits] : cases) {
    Files files = SentencePieces();
    files.tokenizer["normalizer"] = nullptr;
    files.tokenizer["pre_tokenizer"] = step;
    files.tokenizer["pre_tokenizer"]["type"] = "Metaspace";
    const absl::StatusOr<Tokenizer> tokenizer = Read(files);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    EXPECT_EQ(tokenizer->space_prefix(), prefix) << step;
    EXPECT_EQ(tokenizer->splits_size(), splits) << step;
  }
}

TEST(HuggingFaceTokenizer, ReadsTokensThatTakeWhiteSpace) {
  Files files;
  files.tokenizer["added_tokens"][1]["lstrip"] = true;
  files.tokenizer["added_tokens"][2]["rstrip"] = true;
  const absl::StatusOr<Tokenizer> tokenizer = Read(files);
  EXPECT_EQ(tokenizer->format_version(), 3u);
  EXPECT_TRUE(tokenizer->pieces(1).strip_left());
  EXPECT_FALSE(tokenizer->pieces(1).strip_right());
  EXPECT_TRUE(tokenizer->pieces(2).strip_right());
}

TEST(HuggingFaceTokenizer, RefusesOtherSentencePieces) {
  const auto refusal = [](const std::function<void(json&)>& damage) {
    Files files = SentencePieces();
    damage(files.tokenizer);
    return std::string(Read(files).status().message());
  };
  const json metaspace = {{"type", "Metaspace"}, {"prepend_scheme", "never"}};
  const std::pair<std::function<void(json&)>, const char*> cases[] = {
      {[](json& t) { t["normalizer"] = {{"type", "Nmt"}}; }, "normalizer 'Nmt'"},
      {[](json& t) { t["normalizer"]["normalizers"][0]["prepend"] = "x"; }, "normalizer 'Prepend'"},
      {[](json& t) { t["normalizer"]["normalizers"][1]["content"] = "x"; }, "normalizer 'Replace'"},
      {[](json& t) { t["normalizer"]["normalizers"][1]["pattern"] = {{"Regex", " "}}; },
       "normalizer 'Replace'"},
      {[](json& t) { t["pre_tokenizer"] = {{"type", "Whitespace"}}; }, "pre-tokenizer 'Whitespace'"},
      {[](json& t) { t["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "_"}}; },
       "'replacement' '_'"},
      {[](json& t) {
         t["normalizer"] = nullptr;
         t["pre_tokenizer"] = {{"type", "Metaspace"}, {"prepend_scheme", "last"}};
       },
       "'prepend_scheme' 'last'"},
      {[&](json& t) { t["pre_tokenizer"] = Sequence({Split({{"Regex", "a"}}, "Isolated"), metaspace}); },
       "'Metaspace' after 'Split'"},
      {[](json& t) { t["decoder"] = {{"type", "WordPiece"}}; }, "decoder 'WordPiece'"},
      {[](json& t) { t["decoder"]["decoders"][3]["content"] = "x"; }, "decoder 'Strip'"},
  };
  for (const auto& [damage, expected] : cases) {
    EXPECT_NE(refusal(damage).find(expected), std::string::npos) << expected << ": " << refusal(damage);
  }
}

TEST(HuggingFaceTokenizer, ReadsSteps) {
  Files files;
  files.tokenizer["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
  files.tokenizer["model"]["ignore_merges"] = true;
  files.tokenizer["pre_tokenizer"] =
      Sequence({Split({{"Regex", "\\p{N}{1,3}"}}, "Isolated"), Split({{"Regex", "\\p{L}+"}}, "Removed", true),
                Split({{"String", "."}}, "Removed"),
                Sequence({{{"type", "Digits"}}, {{"type", "Punctuation"}}}), ByteLevel(false)});
  const absl::StatusOr<Tokenizer> tokenizer = Read(files);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_TRUE(tokenizer->compose());
  EXPECT_TRUE(tokenizer->ignore_merges());
  EXPECT_EQ(tokenizer->pre_tokenizer(), Tokenizer::PRE_TOKENIZER_NONE);
  ASSERT_EQ(tokenizer->splits_size(), 5);
  EXPECT_EQ(tokenizer->splits(0).pattern(), "[\\p{N}]{1,3}");
  EXPECT_FALSE(tokenizer->splits(0).drop_gaps() || tokenizer->splits(0).drop_matches());
  EXPECT_TRUE(tokenizer->splits(1).drop_gaps());
  EXPECT_TRUE(tokenizer->splits(2).drop_matches());
  EXPECT_EQ(tokenizer->splits(2).pattern(), "\\x{2e}");
  EXPECT_EQ(tokenizer->splits(3).pattern(), "[\\p{N}]+");
}

TEST(HuggingFaceTokenizer, AddsTokensAtTheEndsOfAText) {
  Files files;
  files.tokenizer_config.erase("add_bos_token");
  EXPECT_FALSE(Read(files)->add_bos());
  files.tokenizer["post_processor"] = {
      {"type", "Sequence"},
      {"processors",
       {{{"type", "ByteLevel"}, {"trim_offsets", false}}, Template({"<|im_start|>"}, {"<|im_end|>"})}}};
  EXPECT_TRUE(Read(files)->add_bos());
  EXPECT_TRUE(Read(files)->add_eos());
  // tokenizer_config.json has the last word.
  files.tokenizer_config["add_bos_token"] = false;
  EXPECT_FALSE(Read(files)->add_bos());
  EXPECT_TRUE(Read(files)->add_eos());
  files.tokenizer["post_processor"] = nullptr;
  files.tokenizer_config["add_bos_token"] = true;
  EXPECT_TRUE(Read(files)->add_bos());
  EXPECT_FALSE(Read(files)->add_eos());
  // The template alone says which token.
  files.tokenizer_config = json::object();
  files.tokenizer["post_processor"] = Template({"<|endoftext|>"}, {});
  EXPECT_EQ(Read(files)->bos_token_id(), 0u);
  EXPECT_TRUE(Read(files)->add_bos());
}

TEST(HuggingFaceTokenizer, FindsSpecialTokensInOtherFiles) {
  Files files;
  files.tokenizer_config = json::object();
  files.config = {{"bos_token_id", 1}, {"eos_token_id", {2, 4}}, {"pad_token_id", -1}};
  EXPECT_EQ(Read(files)->bos_token_id(), 1u);
  EXPECT_EQ(Read(files)->eos_token_id(), 2u);
  EXPECT_FALSE(Read(files)->has_padding_token_id());
  const auto ends = [&] {
    const Tokenizer tokenizer = *Read(files);
    return std::vector<uint32_t>(tokenizer.end_of_generation_ids().begin(),
                                 tokenizer.end_of_generation_ids().end());
  };
  EXPECT_EQ(ends(), (std::vector<uint32_t>{0, 4}));
  files.generation_config = {{"eos_token_id", 5}, {"pad_token_id", 6}};
  EXPECT_EQ(Read(files)->eos_token_id(), 5u);
  EXPECT_EQ(Read(files)->padding_token_id(), 6u);
  EXPECT_EQ(ends(), (std::vector<uint32_t>{0, 2, 4}));
}

TEST(HuggingFaceTokenizer, FillsTheVocabulary) {
  Files files;
  files.config["vocab_size"] = 19;
  files.tokenizer["model"]["vocab"]["[PAD17]"] = 16;
  const absl::StatusOr<Tokenizer> tokenizer = Read(files);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  ASSERT_EQ(tokenizer->pieces_size(), 19);
  EXPECT_EQ(tokenizer->pieces(16).type(), Piece::TYPE_NORMAL);
  EXPECT_EQ(tokenizer->pieces(17).text(), "[PAD17]]");
  EXPECT_EQ(tokenizer->pieces(18).text(), "[PAD18]");
  EXPECT_EQ(tokenizer->pieces(18).type(), Piece::TYPE_UNUSED);
}

TEST(HuggingFaceTokenizer, ChoosesTheChatTemplate) {
  Files files;
  files.tokenizer_config["chat_template"] = {{{"name", "tool_use"}, {"template", "T"}},
                                             {{"name", "default"}, {"template", "D"}}};
  EXPECT_EQ(Read(files)->chat_template(), "D");
  files.chat_template = "J";
  EXPECT_EQ(Read(files)->chat_template(), "J");
  files.chat_template = "\xff";
  EXPECT_EQ(Read(files).status().message(), "chat_template.jinja: it is not UTF-8");
  files.chat_template.reset();
  files.tokenizer_config.erase("chat_template");
  EXPECT_EQ(Read(files)->chat_template(), "");
}

TEST(HuggingFaceTokenizer, NamesWhatIsWrong) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kUnknown = absl::StatusCode::kUnimplemented;
  const struct {
    std::function<void(Files&)> damage;
    absl::StatusCode code;
    std::string expected;
  } cases[] = {
      {[](Files& f) { f.tokenizer = 1; }, kInvalid, "tokenizer.json: it holds 1, not an object"},
      {[](Files& f) { f.tokenizer.erase("model"); }, kInvalid, "tokenizer.json: 'model' is missing"},
      {[](Files& f) { f.tokenizer["model"]["type"] = "WordLevel"; }, kUnknown, "tokenizer model 'WordLevel'"},
      {[](Files& f) { f.tokenizer["model"]["type"] = "Unigram"; }, kInvalid,
       "'model.vocab' is missing or no array of pieces with scores"},
      {[](Files& f) { f.tokenizer["model"]["type"] = "WordPiece"; }, kInvalid,
       "'model.unk_token' of a WordPiece is missing"},
      {[](Files& f) { f.tokenizer["model"]["byte_fallback"] = true; }, kUnknown,
       "byte-level BPE with byte fallback"},
      {[](Files& f) { f.tokenizer["model"]["end_of_word_suffix"] = "</w>"; }, kUnknown,
       "'end_of_word_suffix'"},
      {[](Files& f) { f.tokenizer["model"]["dropout"] = 0.1; }, kUnknown, "'dropout' 0.1"},
      {[](Files& f) { f.tokenizer["model"]["vocab"] = json::array(); }, kInvalid, "'model.vocab'"},
      {[](Files& f) { f.tokenizer["model"]["vocab"]["x"] = -1; }, kInvalid, "token 'x' has the id -1"},
      {[](Files& f) { f.tokenizer["model"]["vocab"]["x"] = 2097152; }, kInvalid,
       "token 'x' has the id 2097152"},
      {[](Files& f) { f.tokenizer["model"]["vocab"]["x"] = 15; }, kInvalid,
       "tokens 'ab' and 'x' both have the id 15"},
      {[](Files& f) { f.tokenizer["model"]["vocab"]["x"] = 1; }, kInvalid, "both have the id 1"},
      {[](Files& f) { f.tokenizer["model"]["vocab"][""] = 16; }, kInvalid, "token '' has 0 bytes"},
      {[](Files& f) { f.tokenizer["model"]["vocab"]["x"] = 100000; }, kInvalid, "17 tokens for 100001 ids"},
      {[](Files& f) { f.config["vocab_size"] = 15; }, kInvalid,
       "token 'ab' has the id 15, but 'vocab_size' is 15"},
      {[](Files& f) { f.config["vocab_size"] = 1 << 20; }, kInvalid, "16 tokens for 1048576 ids"},
      {[](Files& f) { f.config["vocab_size"] = "x"; }, kInvalid, "config.json: 'vocab_size' is \"x\""},
      {[](Files& f) { f.tokenizer["model"]["merges"] = {"a b", "a z"}; }, kInvalid,
       "merge 1 needs the token 'z'"},
      {[](Files& f) { f.tokenizer["model"]["merges"] = {"a c"}; }, kInvalid, "merge 0 needs the token 'ac'"},
      {[](Files& f) { f.tokenizer["model"]["merges"] = {"a b", "a b"}; }, kInvalid,
       "merge 1, \"a b\", stands twice"},
      {[](Files& f) { f.tokenizer["model"]["merges"] = {"ab"}; }, kInvalid, "merge 0 is \"ab\""},
      {[](Files& f) { f.tokenizer["model"]["merges"] = {"a b c"}; }, kInvalid, "merge 0 is \"a b c\""},
      {[](Files& f) { f.tokenizer["model"]["merges"] = {" ab"}; }, kInvalid, "merge 0 is \" ab\""},
      {[](Files& f) { f.tokenizer["model"]["merges"] = json::array({json::array({"a", 1})}); }, kInvalid,
       "merge 0 is [2: \"a\", 1]"},
      {[](Files& f) { f.tokenizer["model"].erase("merges"); }, kInvalid, "'model.merges' is missing"},
      {[](Files& f) { f.tokenizer["model"]["unk_token"] = "?"; }, kInvalid,
       "'model.unk_token' '?' is not a token"},
      {[](Files& f) { f.tokenizer["added_tokens"] = 1; }, kInvalid, "'added_tokens' is 1"},
      {[](Files& f) { f.tokenizer["added_tokens"][0].erase("id"); }, kInvalid, "lacks 'id' or 'content'"},
      {[](Files& f) { f.tokenizer["added_tokens"][1]["content"] = "<|endoftext|>"; }, kInvalid,
       "stands twice"},
      {[](Files& f) { f.tokenizer["added_tokens"][1]["content"] = "a"; }, kInvalid,
       "has the id 1, in 'model.vocab' 3"},
      {[](Files& f) { f.tokenizer["added_tokens"][1]["single_word"] = true; }, kUnknown,
       "'<|im_start|>' with 'single_word'"},
      {[](Files& f) { f.tokenizer["added_tokens"][1]["special"] = 1; }, kInvalid, "'special' is 1"},
      {[](Files& f) { f.tokenizer["normalizer"] = {{"type", "Nmt"}}; }, kUnknown, "normalizer 'Nmt'"},
      {[](Files& f) { f.tokenizer["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "!"}}; },
       kInvalid, "'precompiled_charsmap' is not base64"},
      {[](Files& f) {
         f.tokenizer["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "CAAAAAAEAAB4AA=="}};
       },
       kInvalid, "'precompiled_charsmap' has 10 bytes and says that 8 of them are its trie"},
      {[](Files& f) { f.tokenizer["normalizer"] = {{"type", "Replace"}, {"content", "x"}}; }, kInvalid,
       "a 'Replace' in 'normalizer' lacks 'pattern'"},
      {[](Files& f) { f.tokenizer["normalizer"] = 1; }, kInvalid, "'normalizer' holds 1"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"] = nullptr; }, kUnknown,
       "without the pre-tokenizer 'ByteLevel'"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"] = {{"type", "Metaspace"}}; }, kUnknown,
       "pre-tokenizer 'Metaspace'"},
      {[](Files& f) {
         f.tokenizer["pre_tokenizer"] = nullptr;
         f.tokenizer["decoder"] = nullptr;
       },
       kUnknown, "neither the pre-tokenizer 'ByteLevel' or 'Metaspace' nor a normalizer 'Replace'"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"]["pretokenizers"] = 1; }, kInvalid,
       "lacks the array 'pretokenizers'"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"] = Sequence({ByteLevel(true), {{"type", "Digits"}}}); },
       kUnknown, "'Digits' after 'ByteLevel'"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"] = {{"type", "ByteLevel"}}; }, kUnknown,
       "'add_prefix_space'"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"] = Split({{"Regex", "a"}}, "MergedWithNext"); }, kUnknown,
       "'behavior' 'MergedWithNext'"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"] = Split({{"Regex", "\\b"}}, "Isolated"); }, kUnknown,
       "the escape '\\b'"},
      {[](Files& f) { f.tokenizer["pre_tokenizer"] = Split("a", "Isolated"); }, kInvalid, "lacks 'pattern'"},
      {[](Files& f) { f.tokenizer["post_processor"] = {{"type", "Other"}}; }, kUnknown,
       "post-processor 'Other'"},
      {[](Files& f) {
         f.tokenizer["post_processor"] = {{"type", "BertProcessing"}, {"cls", {"<|im_start|>", 99}}};
       },
       kInvalid, "'cls' of 'post_processor' is no pair of a token and an id below 16"},
      {[](Files& f) { f.tokenizer["post_processor"] = Template({"<|im_start|>", "<|im_end|>"}, {}); },
       kUnknown, "two tokens at one end"},
      {[](Files& f) {
         f.tokenizer["post_processor"] = Template({"<|im_end|>"}, {});
         f.tokenizer_config.erase("add_bos_token");
       },
       kUnknown, "tokenizer.json adds token 2 to a text, but the bos token is 1"},
      {[](Files& f) {
         f.tokenizer["post_processor"] = Template({"<|im_start|>"}, {});
         f.tokenizer["post_processor"]["special_tokens"]["<|im_start|>"]["ids"] = {99};
       },
       kInvalid, "the id 99, the vocabulary has 16"},
      {[](Files& f) {
         f.tokenizer["post_processor"] = {{"type", "TemplateProcessing"}, {"single", json::array()}};
       },
       kInvalid, "lacks the text"},
      {[](Files& f) { f.tokenizer["decoder"] = {{"type", "Metaspace"}}; }, kUnknown, "decoder 'Metaspace'"},
      {[](Files& f) { f.tokenizer_config["add_prefix_space"] = true; }, kUnknown,
       "'add_prefix_space' is true, but tokenizer.json adds no space"},
      {[](Files& f) { f.tokenizer_config["bos_token"] = "<s>"; }, kInvalid,
       "tokenizer_config.json: 'bos_token' is \"<s>\", which is not a token"},
      {[](Files& f) { f.tokenizer_config["eos_token"] = 2; }, kInvalid, "'eos_token' is not a token"},
      {[](Files& f) { f.tokenizer_config["add_eos_token"] = 1; }, kInvalid, "'add_eos_token' is 1"},
      {[](Files& f) {
         f.tokenizer_config.erase("bos_token");
         f.tokenizer_config["add_bos_token"] = true;
       },
       kInvalid, "'add_bos_token' is true, but there is no 'bos_token'"},
      {[](Files& f) { f.generation_config["eos_token_id"] = {2, 16}; }, kInvalid,
       "generation_config.json: 'eos_token_id' holds 16"},
      {[](Files& f) { f.config["eos_token_id"] = "x"; }, kInvalid, "config.json: 'eos_token_id' holds \"x\""},
      {[](Files& f) { f.tokenizer_config["chat_template"] = 1; }, kInvalid, "'chat_template' is 1"},
  };
  for (const auto& [damage, code, expected] : cases) {
    Files files;
    damage(files);
    const absl::Status status = Read(files).status();
    EXPECT_EQ(status.code(), code) << expected << ": " << status;
    EXPECT_NE(std::string(status.message()).find(expected), std::string::npos) << expected << ": " << status;
  }
}

// A unigram, as SentencePiece's are converted.
Files UnigramFiles() {
  Files files = SentencePieces();
  json vocabulary = json::array();
  for (const auto& [text, score] : {std::pair("<|endoftext|>", 0.0),
                                    {"<|im_start|>", 0.0},
                                    {"<|im_end|>", 0.0},
                                    {"\u2581a", -2.5},
                                    {"a", -3.0}}) {
    vocabulary.push_back(json::array({text, score}));
  }
  files.tokenizer["model"] = {{"type", "Unigram"}, {"unk_id", 3}, {"vocab", vocabulary}};
  return files;
}

TEST(HuggingFaceTokenizer, ReadsUnigrams) {
  Files files = UnigramFiles();
  const absl::StatusOr<Tokenizer> tokenizer = Read(files);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->format_version(), 4u);
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_UNIGRAM);
  EXPECT_EQ(tokenizer->space_prefix(), Tokenizer::SPACE_PREFIX_EACH);
  ASSERT_EQ(tokenizer->unigram_scores_size(), 5);
  EXPECT_EQ(tokenizer->unigram_scores(3), -2.5);
  EXPECT_EQ(tokenizer->unknown_score(), -13);
  EXPECT_EQ(tokenizer->unknown_token_id(), 3u);
  EXPECT_TRUE(tokenizer->fuse_unknown());
  EXPECT_FALSE(tokenizer->float_sums());
  const auto refusal = [&](const std::function<void(json&)>& damage) {
    Files damaged = UnigramFiles();
    damage(damaged.tokenizer["model"]);
    return std::string(Read(damaged).status().message());
  };
  EXPECT_NE(refusal([](json& m) { m["unk_id"] = 5; }).find("'model.unk_id' is 5, expected an id below 5"),
            std::string::npos);
  EXPECT_NE(refusal([](json& m) { m["vocab"][4] = 1; }).find("'model.vocab' has 1 at 4"), std::string::npos);
  EXPECT_NE(refusal([](json& m) { m["byte_fallback"] = true; }).find("but 0 of the 256 bytes are pieces"),
            std::string::npos);
}

TEST(HuggingFaceTokenizer, ReadsWordPieces) {
  Files files;
  files.tokenizer["model"]["type"] = "WordPiece";
  files.tokenizer["model"]["unk_token"] = "a";
  files.tokenizer["model"]["max_input_chars_per_word"] = 12;
  files.tokenizer["normalizer"] = {{"type", "BertNormalizer"}, {"strip_accents", nullptr}};
  files.tokenizer["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  files.tokenizer["decoder"] = {{"type", "WordPiece"}};
  files.tokenizer["post_processor"] = {
      {"type", "BertProcessing"}, {"sep", {"<|im_end|>", 2}}, {"cls", {"<|im_start|>", 1}}};
  const absl::StatusOr<Tokenizer> tokenizer = Read(files);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->format_version(), 4u);
  EXPECT_EQ(tokenizer->kind(), Tokenizer::KIND_WORD_PIECE);
  EXPECT_EQ(tokenizer->continuation(), "##");
  EXPECT_EQ(tokenizer->max_word_characters(), 12u);
  EXPECT_EQ(tokenizer->steps_size(), 5) << "cleaned, ideographs apart, decomposed, without marks, lower case";
  EXPECT_EQ(tokenizer->splits_size(), 2);
  EXPECT_EQ(tokenizer->bos_token_id(), 1u);
  EXPECT_EQ(tokenizer->eos_token_id(), 2u);
}

}  // namespace
}  // namespace streamtensor::compiler
