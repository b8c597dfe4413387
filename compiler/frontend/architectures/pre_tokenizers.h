// SPDX-License-Identifier: Apache-2.0
// Names that GGUF has for tokenizers, after the models that brought them. Free of MLIR.
#pragma once

#include <string_view>

#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// tokenizer.ggml.model of byte-level BPE.
inline constexpr std::string_view kGgufByteLevelBpe = "gpt2";
// And of SentencePiece's BPE, which has a score for each piece.
inline constexpr std::string_view kGgufCharacterBpe = "llama";
// And of its unigram.
inline constexpr std::string_view kGgufUnigram = "t5";
// Of word pieces, split and spelled as the first model that had them does.
inline constexpr std::string_view kGgufWordPiece = "bert";

// tokenizer.ggml.pre: how text is split into words.
struct GgufPreTokenizer {
  std::string_view name;
  artifact::v1::Tokenizer::PreTokenizer kind;
  // The model's own tokenizer begins every text with the BOS token; early files don't say so.
  bool begins_with_bos = false;
};

inline constexpr std::string_view kGgufDefaultPreTokenizer = "default";

inline constexpr GgufPreTokenizer kGgufPreTokenizers[] = {
    {"default", artifact::v1::Tokenizer::PRE_TOKENIZER_WORDS},
    {"gpt-2", artifact::v1::Tokenizer::PRE_TOKENIZER_WORDS},
    {"smollm", artifact::v1::Tokenizer::PRE_TOKENIZER_DIGITS_WORDS},
    {"llama-bpe", artifact::v1::Tokenizer::PRE_TOKENIZER_LINES_DIGIT_GROUPS, true},
    {"llama3", artifact::v1::Tokenizer::PRE_TOKENIZER_LINES_DIGIT_GROUPS, true},
    {"llama-v3", artifact::v1::Tokenizer::PRE_TOKENIZER_LINES_DIGIT_GROUPS, true},
    {"qwen2", artifact::v1::Tokenizer::PRE_TOKENIZER_LINES_DIGITS},
    {"deepseek-r1-qwen", artifact::v1::Tokenizer::PRE_TOKENIZER_LINES_DIGITS},
};

}  // namespace streamtensor::compiler
