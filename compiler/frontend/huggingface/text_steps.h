// SPDX-License-Identifier: Apache-2.0
// What tokenizer.json and tokenizer.model do to text before it is split. Free of MLIR.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/status.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// A member of "normalizer": NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, Precompiled,
// BertNormalizer.
//  UNIMPLEMENTED     another; names it and those that are known
//  INVALID_ARGUMENT  names the key at fault
absl::Status ReadTextStep(const nlohmann::json& step, artifact::v1::Tokenizer* tokenizer);

// A step of SentencePiece's table of replacements: the size of the trie in 4 bytes, the trie, the texts.
// Nothing for an empty one.
//  INVALID_ARGUMENT  the size is wrong
absl::Status AddCharsmap(std::string_view table, bool by_grapheme, artifact::v1::Tokenizer* tokenizer);

// A step that replaces what a PCRE2 pattern matches.
void AddReplacement(std::string_view pattern, std::string_view text, artifact::v1::Tokenizer* tokenizer);

}  // namespace streamtensor::compiler
