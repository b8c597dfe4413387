// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_tokenizer.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact/folder.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "compiler/frontend/architectures/pre_tokenizers.h"
#include "compiler/frontend/end_of_generation.h"
#include "compiler/frontend/huggingface/sentencepiece_model.h"
#include "compiler/frontend/huggingface/tokenizer_steps.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;

absl::Status Invalid(absl::string_view message) {
  return absl::InvalidArgumentError(Message("tokenizer: ", message));
}

// Names the tokenizer in the error of a Get*(); a missing key is an invalid file here.
template <typename T>
absl::StatusOr<T> Required(absl::StatusOr<T> value) {
  if (!value.ok()) return Invalid(value.status().message());
  return value;
}

absl::Status ReadPieces(const GgufFile& file, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const auto texts, Required(file.GetStrings("tokenizer.ggml.tokens")));
  if (texts.empty()) return Invalid("tokenizer.ggml.tokens is empty");
  std::vector<int64_t> types(texts.size(), Piece::TYPE_NORMAL);
  if (file.FindValue("tokenizer.ggml.token_type") != nullptr) {
    ASSIGN_OR_RETURN(types, Required(file.GetInts("tokenizer.ggml.token_type")));
    if (types.size() != texts.size()) {
      return Invalid(
          Message("tokenizer.ggml.token_type has ", types.size(), " elements for ", texts.size(), " tokens"));
    }
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    // The message's enum has the file's numbers.
    if (types[i] < Piece::TYPE_NORMAL || types[i] > Piece::TYPE_BYTE) {
      return Invalid(Message("token ", i, " has type ", types[i], "; types 1 to 6 exist"));
    }
    Piece* piece = tokenizer->add_pieces();
    piece->set_text(std::string(texts[i]));
    piece->set_type(static_cast<Piece::Type>(types[i]));
  }
  return absl::OkStatus();
}

// "left right": the byte-level alphabet has no space, so the first one separates them; it must not be at an
// end.
absl::Status ReadMerges(const GgufFile& file, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const auto merges, Required(file.GetStrings("tokenizer.ggml.merges")));
  for (size_t i = 0; i < merges.size(); ++i) {
    const std::string_view text = merges[i];
    const size_t space = text.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == text.size()) {
      return Invalid(Message("merge ", i, " is ", Quoted(text), ", expected two pieces and a space"));
    }
    artifact::v1::Merge* merge = tokenizer->add_merges();
    merge->set_left(std::string(text.substr(0, space)));
    merge->set_right(std::string(text.substr(space + 1)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<uint32_t>> TokenId(const GgufFile& file, std::string_view key, int pieces) {
  if (file.FindValue(key) == nullptr) return std::optional<uint32_t>();
  ASSIGN_OR_RETURN(const uint64_t id, Required(file.GetUint(key)));
  // Some converters write 2^32 - 1 for "none".
  if (id == 0xffffffffu) return std::optional<uint32_t>();
  if (id >= static_cast<uint64_t>(pieces)) {
    return Invalid(Message(key, " is ", id, ", the vocabulary has ", pieces, " tokens"));
  }
  return std::optional<uint32_t>(static_cast<uint32_t>(id));
}

absl::StatusOr<std::vector<float>> ReadScores(const GgufFile& file, int pieces) {
  ASSIGN_OR_RETURN(const auto scores, Required(file.GetFloats("tokenizer.ggml.scores")));
  if (scores.size() != static_cast<size_t>(pieces)) {
    return Invalid(Message("tokenizer.ggml.scores has ", scores.size(), " elements for ", pieces, " tokens"));
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) return Invalid(Message("the score of token ", i, " is ", scores[i]));
  }
  return std::vector<float>(scores.begin(), scores.end());
}

// What the kind of tokenizer says where the file doesn't.
struct Defaults {
  bool begins_with_bos = false;
  bool adds_space_prefix = false;
};

absl::Status ReadSpecialTokens(const GgufFile& file, const Defaults& defaults, Tokenizer* tokenizer) {
  const struct {
    std::string_view key;
    void (Tokenizer::*set)(uint32_t);
  } ids[] = {
      {"tokenizer.ggml.bos_token_id", &Tokenizer::set_bos_token_id},
      {"tokenizer.ggml.eos_token_id", &Tokenizer::set_eos_token_id},
      {"tokenizer.ggml.unknown_token_id", &Tokenizer::set_unknown_token_id},
      {"tokenizer.ggml.padding_token_id", &Tokenizer::set_padding_token_id},
  };
  for (const auto& [key, set] : ids) {
    ASSIGN_OR_RETURN(const std::optional<uint32_t> id, TokenId(file, key, tokenizer->pieces_size()));
    if (id.has_value()) (tokenizer->*set)(*id);
  }
  tokenizer->set_add_space_prefix(defaults.adds_space_prefix);
  const struct {
    std::string_view key;
    void (Tokenizer::*set)(bool);
  } flags[] = {
      {"tokenizer.ggml.add_bos_token", &Tokenizer::set_add_bos},
      {"tokenizer.ggml.add_eos_token", &Tokenizer::set_add_eos},
      {"tokenizer.ggml.add_space_prefix", &Tokenizer::set_add_space_prefix},
  };
  for (const auto& [key, set] : flags) {
    if (file.FindValue(key) == nullptr) continue;
    ASSIGN_OR_RETURN(const bool flag, Required(file.GetBool(key)));
    (tokenizer->*set)(flag);
  }
  if (file.FindValue("tokenizer.ggml.add_bos_token") == nullptr) {
    tokenizer->set_add_bos(defaults.begins_with_bos && tokenizer->has_bos_token_id());
  }
  if (tokenizer->add_bos() && !tokenizer->has_bos_token_id()) {
    return Invalid("tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is missing");
  }
  if (tokenizer->add_eos() && !tokenizer->has_eos_token_id()) {
    return Invalid("tokenizer.ggml.add_eos_token is true, but tokenizer.ggml.eos_token_id is missing");
  }
  return absl::OkStatus();
}

absl::Status ReadEndOfGeneration(const GgufFile& file, Tokenizer* tokenizer) {
  std::vector<uint32_t> ids;
  for (std::string_view key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    ASSIGN_OR_RETURN(const std::optional<uint32_t> id, TokenId(file, key, tokenizer->pieces_size()));
    if (id.has_value()) ids.push_back(*id);
  }
  SetEndOfGeneration(std::move(ids), tokenizer);
  return absl::OkStatus();
}

absl::StatusOr<GgufPreTokenizer> FindPreTokenizer(const GgufFile& file) {
  std::string_view name = kGgufDefaultPreTokenizer;
  if (file.FindValue("tokenizer.ggml.pre") != nullptr) {
    ASSIGN_OR_RETURN(name, Required(file.GetString("tokenizer.ggml.pre")));
  }
  std::string names;
  for (const GgufPreTokenizer& known : kGgufPreTokenizers) {
    if (known.name == name) return known;
    names += Message(names.empty() ? "" : ", ", known.name);
  }
  return absl::UnimplementedError(
      Message("pre-tokenizer ", Quoted(name), " (tokenizer.ggml.pre) can't be used yet; there are ", names));
}

absl::Status ReadChatTemplate(const GgufFile& file, Tokenizer* tokenizer) {
  if (file.FindValue("tokenizer.chat_template") == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string_view text, Required(file.GetString("tokenizer.chat_template")));
  // tokenizer.bin carries it as text. Control characters may stand in it, bytes that are not UTF-8 may not.
  if (!base::IsUtf8(text)) return Invalid("tokenizer.chat_template is not UTF-8");
  tokenizer->set_chat_template(std::string(text));
  return absl::OkStatus();
}

absl::Status ReadByteLevelBpe(const GgufFile& file, Tokenizer* tokenizer) {
  tokenizer->set_format_version(artifact::kTokenizerVersion);
  tokenizer->set_kind(Tokenizer::KIND_BYTE_LEVEL_BPE);
  ASSIGN_OR_RETURN(const GgufPreTokenizer pre_tokenizer, FindPreTokenizer(file));
  tokenizer->set_pre_tokenizer(pre_tokenizer.kind);
  RETURN_IF_ERROR(ReadPieces(file, tokenizer));
  RETURN_IF_ERROR(ReadMerges(file, tokenizer));
  return ReadSpecialTokens(file, {.begins_with_bos = pre_tokenizer.begins_with_bos}, tokenizer);
}

absl::Status ReadPrefixedSpecialTokens(const GgufFile& file, const Defaults& defaults, Tokenizer* tokenizer) {
  RETURN_IF_ERROR(ReadSpecialTokens(file, defaults, tokenizer));
  if (tokenizer->add_space_prefix()) tokenizer->set_space_prefix(Tokenizer::SPACE_PREFIX_EACH);
  tokenizer->set_add_space_prefix(false);
  return absl::OkStatus();
}

absl::Status ReadCharacterBpe(const GgufFile& file, Tokenizer* tokenizer) {
  tokenizer->set_format_version(artifact::kTokenizerKindsVersion);
  tokenizer->set_kind(Tokenizer::KIND_CHARACTER_BPE);
  tokenizer->set_pre_tokenizer(Tokenizer::PRE_TOKENIZER_NONE);
  tokenizer->set_fuse_unknown(true);
  RETURN_IF_ERROR(ReadPieces(file, tokenizer));
  ASSIGN_OR_RETURN(const std::vector<float> scores, ReadScores(file, tokenizer->pieces_size()));
  tokenizer->mutable_scores()->Assign(scores.begin(), scores.end());
  return ReadPrefixedSpecialTokens(file, {.begins_with_bos = true, .adds_space_prefix = true}, tokenizer);
}

// The table of replacements, bytes that stand in the file as integers.
absl::StatusOr<std::string> ReadCharsmap(const GgufFile& file) {
  constexpr std::string_view kKey = "tokenizer.ggml.precompiled_charsmap";
  std::string table;
  if (file.FindValue(kKey) == nullptr) return table;
  ASSIGN_OR_RETURN(const auto bytes, Required(file.GetInts(kKey)));
  for (const int64_t byte : bytes) {
    if (byte < -128 || byte > 255) return Invalid(Message(kKey, " holds ", byte, ", which is no byte"));
    table.push_back(static_cast<char>(byte));
  }
  return table;
}

absl::Status ReadUnigram(const GgufFile& file, Tokenizer* tokenizer) {
  tokenizer->set_format_version(artifact::kTokenizerStepsVersion);
  tokenizer->set_kind(Tokenizer::KIND_UNIGRAM);
  tokenizer->set_pre_tokenizer(Tokenizer::PRE_TOKENIZER_NONE);
  tokenizer->set_fuse_unknown(true);
  RETURN_IF_ERROR(ReadPieces(file, tokenizer));
  ASSIGN_OR_RETURN(const std::vector<float> scores, ReadScores(file, tokenizer->pieces_size()));
  SetUnigramScores(scores, tokenizer);
  ASSIGN_OR_RETURN(const std::string charsmap, ReadCharsmap(file));
  constexpr std::string_view kRemoves = "tokenizer.ggml.remove_extra_whitespaces";
  bool removes_extra_spaces = false;
  if (file.FindValue(kRemoves) != nullptr) {
    ASSIGN_OR_RETURN(removes_extra_spaces, Required(file.GetBool(kRemoves)));
  }
  if (absl::Status status = AddSentencePieceSteps(charsmap, removes_extra_spaces, tokenizer); !status.ok()) {
    return Invalid(status.message());
  }
  RETURN_IF_ERROR(ReadPrefixedSpecialTokens(file, {.adds_space_prefix = true}, tokenizer));
  if (tokenizer->has_unknown_token_id()) return absl::OkStatus();
  return Invalid("tokenizer.ggml.unknown_token_id is missing");
}

// In the file a piece that begins a word has U+2581 before it, and one that continues it nothing; here the
// second is marked.
void MarkContinuations(Tokenizer* tokenizer) {
  constexpr std::string_view kSpace = "\xe2\x96\x81", kContinuation = "##";
  for (Piece& piece : *tokenizer->mutable_pieces()) {
    if (piece.type() != Piece::TYPE_NORMAL) continue;
    if (piece.text().starts_with(kSpace) && piece.text().size() > kSpace.size()) {
      piece.set_text(piece.text().substr(kSpace.size()));
    } else {
      piece.set_text(std::string(kContinuation) + piece.text());
    }
  }
  tokenizer->set_continuation(std::string(kContinuation));
}

// Words as BERT splits them, in lower case and without accents; the format does not say it of those that keep
// either.
absl::Status ReadWordPiece(const GgufFile& file, Tokenizer* tokenizer) {
  tokenizer->set_format_version(artifact::kTokenizerStepsVersion);
  tokenizer->set_kind(Tokenizer::KIND_WORD_PIECE);
  RETURN_IF_ERROR(ReadPieces(file, tokenizer));
  MarkContinuations(tokenizer);
  constexpr uint32_t kMaxWordCharacters = 100;
  tokenizer->set_max_word_characters(kMaxWordCharacters);
  RETURN_IF_ERROR(AddBertSteps(tokenizer));
  RETURN_IF_ERROR(ReadSpecialTokens(file, {}, tokenizer));
  // [CLS] and [SEP], of which the second has a key of its own.
  constexpr std::string_view kSeparator = "tokenizer.ggml.seperator_token_id";
  if (!tokenizer->has_eos_token_id()) {
    ASSIGN_OR_RETURN(const std::optional<uint32_t> id, TokenId(file, kSeparator, tokenizer->pieces_size()));
    if (id.has_value()) tokenizer->set_eos_token_id(*id);
  }
  if (file.FindValue("tokenizer.ggml.add_bos_token") == nullptr) {
    tokenizer->set_add_bos(tokenizer->has_bos_token_id());
  }
  if (file.FindValue("tokenizer.ggml.add_eos_token") == nullptr) {
    tokenizer->set_add_eos(tokenizer->has_eos_token_id());
  }
  if (tokenizer->has_unknown_token_id()) return absl::OkStatus();
  return Invalid("tokenizer.ggml.unknown_token_id is missing");
}

}  // namespace

absl::StatusOr<Tokenizer> ReadGgufTokenizer(const GgufFile& file) {
  Tokenizer tokenizer;
  ASSIGN_OR_RETURN(const std::string_view model, Required(file.GetString("tokenizer.ggml.model")));
  if (model == kGgufByteLevelBpe) {
    RETURN_IF_ERROR(ReadByteLevelBpe(file, &tokenizer));
  } else if (model == kGgufCharacterBpe) {
    RETURN_IF_ERROR(ReadCharacterBpe(file, &tokenizer));
  } else if (model == kGgufUnigram) {
    RETURN_IF_ERROR(ReadUnigram(file, &tokenizer));
  } else if (model == kGgufWordPiece) {
    RETURN_IF_ERROR(ReadWordPiece(file, &tokenizer));
  } else {
    return absl::UnimplementedError(
        Message("tokenizer model ", Quoted(model), " (tokenizer.ggml.model) can't be used yet; '",
                kGgufByteLevelBpe, "' (byte-level BPE), '", kGgufCharacterBpe, "' (SentencePiece BPE), '",
                kGgufUnigram, "' (SentencePiece unigram) and '", kGgufWordPiece, "' (WordPiece) can"));
  }
  RETURN_IF_ERROR(ReadEndOfGeneration(file, &tokenizer));
  RETURN_IF_ERROR(ReadChatTemplate(file, &tokenizer));
  return tokenizer;
}

}  // namespace streamtensor::compiler
