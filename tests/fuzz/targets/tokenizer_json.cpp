// SPDX-License-Identifier: Apache-2.0
// The files of a Hugging Face folder that its tokenizer is made of, one after another with a line of "---"
// between: tokenizer.json (or tokenizer.model, if it is no JSON), tokenizer_config.json,
// generation_config.json, config.json, chat_template.jinja. What the compiler makes of them goes through the
// server's tables, as tokenizer.bin would.
#include "absl/strings/str_join.h"
#include "compiler/frontend/huggingface/huggingface_tokenizer.h"
#include "server/tokenizer/tokenizer.h"
#include "streamtensor/frontend/v1/sentencepiece_model.pb.h"
#include "tests/compiler/frontend/huggingface/folder_builder.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

using compiler::json;

namespace {

constexpr std::string_view kBetween = "\n---\n";

// The text up to the next line between; nullopt when there is none left.
std::optional<std::string_view> Next(std::optional<std::string_view>* rest) {
  if (!rest->has_value()) return std::nullopt;
  const size_t end = (*rest)->find(kBetween);
  const std::string_view text = (*rest)->substr(0, end);
  if (end == std::string_view::npos) {
    rest->reset();
  } else {
    (*rest)->remove_prefix(end + kBetween.size());
  }
  return text;
}

std::string Joined(const std::vector<std::string>& files) { return absl::StrJoin(files, "\n---\n"); }

json WithSplits() {
  json tokenizer = compiler::SmallTokenizer();
  const auto split = [](const json& pattern, const char* behavior, bool invert) -> json {
    return {{"type", "Split"}, {"pattern", pattern}, {"behavior", behavior}, {"invert", invert}};
  };
  const json words = {
      {"Regex",
       R"((?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|[\u4e00-\x{9fa5}\w]++)"}};
  tokenizer["pre_tokenizer"]["pretokenizers"] =
      json::array({split(words, "Isolated", false),
                   split({{"String", "."}}, "Removed", true),
                   {{"type", "Punctuation"}, {"behavior", "Contiguous"}},
                   {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}});
  tokenizer["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
  tokenizer["model"]["ignore_merges"] = true;
  tokenizer["model"]["merges"] = json::array({json::array({"a", "b"})});
  tokenizer["added_tokens"].push_back({{"id", 16}, {"content", "<tool>"}, {"special", false}});
  tokenizer["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {{{"SpecialToken", {{"id", "<|im_start|>"}}}}, {{"Sequence", {{"id", "A"}}}}}},
      {"special_tokens", {{"<|im_start|>", {{"ids", {1}}}}}}};
  return tokenizer;
}

json WithSentencePieces(bool metaspace) {
  json tokenizer = compiler::SmallTokenizer();
  tokenizer["model"]["byte_fallback"] = true;
  tokenizer["model"]["fuse_unk"] = true;
  tokenizer["model"]["unk_token"] = "a";
  tokenizer["model"]["vocab"]["<0x0A>"] = 16;
  tokenizer["model"]["vocab"]["\u2581"] = 17;
  tokenizer["added_tokens"][1]["rstrip"] = true;
  const json replace = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}};
  tokenizer["normalizer"] = nullptr;
  tokenizer["pre_tokenizer"] = nullptr;
  if (metaspace) {
    tokenizer["pre_tokenizer"] = {{"type", "Metaspace"}, {"prepend_scheme", "first"}, {"split", true}};
  } else {
    tokenizer["normalizer"] = {{"type", "Sequence"},
                               {"normalizers", {{{"type", "Prepend"}, {"prepend", "\u2581"}}, replace}}};
  }
  tokenizer["decoder"] = {
      {"type", "Sequence"},
      {"decoders", {{{"type", "ByteFallback"}}, {{"type", "Strip"}, {"content", " "}, {"start", 1}}}}};
  return tokenizer;
}

json WithUnigram() {
  json tokenizer = WithSentencePieces(true);
  json vocabulary = json::array();
  for (int byte = 0; byte < 16; ++byte)
    vocabulary.push_back({std::string(1, static_cast<char>('a' + byte)), -byte});
  vocabulary[0] = {"<|endoftext|>", 0};
  vocabulary[1] = {"<|im_start|>", 0};
  vocabulary[2] = {"<|im_end|>", 0.0};
  tokenizer["model"] = {{"type", "Unigram"}, {"unk_id", 3}, {"vocab", vocabulary}, {"byte_fallback", false}};
  tokenizer["normalizer"] = {{"type", "Sequence"},
                             {"normalizers",
                              {{{"type", "Precompiled"}, {"precompiled_charsmap", "BAAAAAAEAAB4AA=="}},
                               {{"type", "NFKD"}},
                               {{"type", "StripAccents"}},
                               {{"type", "Strip"}, {"strip_left", true}},
                               {{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", " "}}}}};
  tokenizer["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers",
       {{{"type", "WhitespaceSplit"}}, {{"type", "Metaspace"}, {"prepend_scheme", "always"}}}}};
  return tokenizer;
}

json WithWordPieces() {
  json tokenizer = compiler::SmallTokenizer();
  tokenizer["model"]["type"] = "WordPiece";
  tokenizer["model"]["unk_token"] = "a";
  tokenizer["model"]["continuing_subword_prefix"] = "##";
  tokenizer["model"]["vocab"]["##b"] = 16;
  tokenizer["normalizer"] = {{"type", "BertNormalizer"}, {"strip_accents", nullptr}, {"lowercase", true}};
  tokenizer["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  tokenizer["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}};
  tokenizer["post_processor"] = {
      {"type", "BertProcessing"}, {"sep", {"<|im_end|>", 2}}, {"cls", {"<|im_start|>", 1}}};
  return tokenizer;
}

// SentencePiece's file, which is no JSON.
std::string PiecesFile(frontend::v1::SentencePieceModel::Trainer::ModelType type) {
  using Model = frontend::v1::SentencePieceModel;
  Model model;
  const auto add = [&](const std::string& text, float score, Model::Piece::Type kind) {
    Model::Piece* piece = model.add_pieces();
    piece->set_piece(text);
    piece->set_score(score);
    piece->set_type(kind);
  };
  add("<unk>", 0, Model::Piece::UNKNOWN);
  add("<s>", 0, Model::Piece::CONTROL);
  add("</s>", 0, Model::Piece::CONTROL);
  add("<0x0A>", 0, Model::Piece::BYTE);
  add("<tool>", 0, Model::Piece::USER_DEFINED);
  for (const char* text : {"\u2581", "a", "b", "ab", "\u2581a", "c"}) {
    add(text, -static_cast<float>(model.pieces_size()), Model::Piece::NORMAL);
  }
  model.mutable_trainer_spec()->set_model_type(type);
  model.mutable_trainer_spec()->set_byte_fallback(true);
  model.mutable_normalizer_spec()->set_precompiled_charsmap(std::string("\4\0\0\0\0\4\0\0x\0", 10));
  return model.SerializeAsString();
}

}  // namespace

std::vector<std::string> Seeds() {
  using Trainer = frontend::v1::SentencePieceModel::Trainer;
  return {
      Joined({PiecesFile(Trainer::BPE)}),
      Joined({PiecesFile(Trainer::UNIGRAM),
              R"({"added_tokens_decoder": {"11": {"content": "<x>", "special": true, "lstrip": true}}})"}),
      Joined({WithUnigram().dump(), R"({"add_prefix_space": true})"}),
      Joined({WithWordPieces().dump()}),
      Joined({WithSentencePieces(true).dump()}),
      Joined({WithSentencePieces(false).dump(), R"({"add_prefix_space": true})"}),
      Joined({compiler::SmallTokenizer().dump(), compiler::SmallTokenizerConfig().dump()}),
      Joined(
          {WithSplits().dump(),
           R"({"bos_token": {"content": "<|im_start|>"}, "chat_template": [{"name": "default", "template": "x"}]})",
           R"({"eos_token_id": [2, 0]})", R"({"vocab_size": 20, "pad_token_id": -1})", "{{ messages }}"})};
}

bool Accepts(std::string_view input) {
  std::optional<std::string_view> rest = input;
  compiler::TokenizerTexts texts;
  const std::string_view first = *Next(&rest);
  (first.starts_with('{') ? texts.tokenizer : texts.sentencepiece) = first;
  texts.tokenizer_config = Next(&rest);
  texts.generation_config = Next(&rest);
  texts.config = Next(&rest);
  texts.chat_template = Next(&rest);
  const auto message = compiler::ReadHuggingFaceTokenizer(texts);
  if (!message.ok()) return Refused(message.status());
  artifact::v1::Tokenizer again;
  Require(again.ParseFromString(message->SerializeAsString()), "an exported tokenizer can be read");
  const auto tokenizer = server::Tokenizer::Create(again);
  // What the file may say and the server does not take: patterns larger than PCRE2 reads, replacements that
  // make text too long, pieces that are double or too long to be looked for, scores out of bounds.
  if (!tokenizer.ok()) return Refused(tokenizer.status(), {"tokenizer: "});
  for (const std::string_view text :
       {"abc <|im_start|>ab cab  \n\t a1b22 \xc3\xa9\xf0\x9f\x98\x80 \xff\xfe abc", "<tool>AB's."}) {
    const std::vector<uint32_t> ids = (*tokenizer)->Encode(text, true);
    Require((*tokenizer)->Decode(ids).ok(), "ids of a text are in the vocabulary");
  }
  return true;
}

}  // namespace streamtensor::fuzz
