// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a Hugging Face folder as the message of tokenizer.bin. Free of MLIR.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// The texts of a folder that its tokenizer is made of; nullopt for a file that it lacks.
struct TokenizerTexts {
  std::optional<std::string_view> tokenizer;          // tokenizer.json
  std::optional<std::string_view> sentencepiece;      // tokenizer.model; read without tokenizer.json
  std::optional<std::string_view> tokenizer_config;   // tokenizer_config.json
  std::optional<std::string_view> generation_config;  // generation_config.json
  std::optional<std::string_view> config;             // config.json
  std::optional<std::string_view> chat_template;      // chat_template.jinja
};

// A BPE, byte-level or of characters, a unigram or word pieces, with as many pieces as config.json's
// vocab_size says, or as there are tokens.
//  UNIMPLEMENTED     another kind of tokenizer, or a step of it that is not known; names it
//  INVALID_ARGUMENT  damaged or contradictory; names file, key or token
absl::StatusOr<artifact::v1::Tokenizer> ReadHuggingFaceTokenizer(const TokenizerTexts& texts);

}  // namespace streamtensor::compiler
