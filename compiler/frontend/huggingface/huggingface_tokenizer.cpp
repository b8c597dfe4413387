// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/huggingface_tokenizer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "artifact/folder.h"
#include "base/json_reader.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/huggingface/sentencepiece_model.h"
#include "compiler/frontend/huggingface/tokenizer_pieces.h"
#include "compiler/frontend/huggingface/tokenizer_settings.h"
#include "compiler/frontend/huggingface/tokenizer_steps.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Tokenizer;
using nlohmann::json;

absl::Status In(std::string_view file, const absl::Status& status) {
  return absl::Status(status.code(), Message(file, ": ", status.message()));
}

// null without the file.
absl::StatusOr<json> ReadObject(std::string_view file, std::optional<std::string_view> text) {
  if (!text.has_value()) return json();
  absl::StatusOr<json> root = base::ReadJson(*text);
  if (!root.ok()) return In(file, root.status());
  if (!root->is_object()) {
    return absl::InvalidArgumentError(Message(file, ": it holds ", JsonText(*root), ", not an object"));
  }
  return root;
}

absl::StatusOr<uint64_t> VocabularySize(const json& config) {
  const json* size = FindMember(config, "vocab_size");
  if (size == nullptr) return 0;
  if (size->is_number_unsigned()) return size->get<uint64_t>();
  return absl::InvalidArgumentError(
      Message("config.json: 'vocab_size' is ", JsonText(*size), ", expected an integer"));
}

// `splits` and what follows it may be set.
uint32_t VersionOf(const Tokenizer& tokenizer) {
  if (tokenizer.steps_size() > 0 || tokenizer.kind() == Tokenizer::KIND_UNIGRAM ||
      tokenizer.kind() == Tokenizer::KIND_WORD_PIECE ||
      tokenizer.space_prefix() == Tokenizer::SPACE_PREFIX_EACH_WORD) {
    return artifact::kTokenizerStepsVersion;
  }
  const bool strips = std::ranges::any_of(tokenizer.pieces(), [](const artifact::v1::Piece& piece) {
    return piece.strip_left() || piece.strip_right();
  });
  return strips || tokenizer.kind() != Tokenizer::KIND_BYTE_LEVEL_BPE ? artifact::kTokenizerKindsVersion
                                                                      : artifact::kTokenizerSplitsVersion;
}

absl::Status ReadTokenizerJson(std::string_view text, uint64_t vocabulary, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const json root, ReadObject("tokenizer.json", text));
  const auto read = [&]() -> absl::Status {
    RETURN_IF_ERROR(ReadKind(root, tokenizer));
    RETURN_IF_ERROR(ReadPieces(root, vocabulary, tokenizer));
    return ReadSteps(root, tokenizer);
  };
  const absl::Status status = read();
  return status.ok() ? status : In("tokenizer.json", status);
}

}  // namespace

absl::StatusOr<Tokenizer> ReadHuggingFaceTokenizer(const TokenizerTexts& texts) {
  TokenizerSettings settings;
  ASSIGN_OR_RETURN(settings.tokenizer_config, ReadObject("tokenizer_config.json", texts.tokenizer_config));
  ASSIGN_OR_RETURN(settings.generation_config, ReadObject("generation_config.json", texts.generation_config));
  ASSIGN_OR_RETURN(settings.config, ReadObject("config.json", texts.config));
  settings.chat_template = texts.chat_template;
  ASSIGN_OR_RETURN(const uint64_t vocabulary, VocabularySize(settings.config));
  Tokenizer tokenizer;
  if (texts.tokenizer.has_value()) {
    RETURN_IF_ERROR(ReadTokenizerJson(*texts.tokenizer, vocabulary, &tokenizer));
  } else if (texts.sentencepiece.has_value()) {
    const absl::Status status =
        ReadSentencePieceModel(*texts.sentencepiece, settings.tokenizer_config, vocabulary, &tokenizer);
    if (!status.ok()) return In("tokenizer.model", status);
  } else {
    return absl::InvalidArgumentError("there is neither tokenizer.json nor tokenizer.model");
  }
  RETURN_IF_ERROR(ReadSettings(settings, &tokenizer));
  tokenizer.set_format_version(VersionOf(tokenizer));
  return tokenizer;
}

}  // namespace streamtensor::compiler
