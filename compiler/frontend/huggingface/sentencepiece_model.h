// SPDX-License-Identifier: Apache-2.0
// tokenizer.model, SentencePiece's own file, as the message of tokenizer.bin. Free of MLIR.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// The tokenizer of `file`, BPE or unigram, with the tokens that "added_tokens_decoder" of
// tokenizer_config.json adds, and with as many pieces as `vocabulary` says; 0: as many as there are tokens. A
// BPE begins texts with the BOS token, as the Hugging Face library has it, a unigram does not;
// tokenizer_config.json may say otherwise.
//  UNIMPLEMENTED     words or characters as pieces, spaces as suffixes or as they are; names it
//  INVALID_ARGUMENT  no such file, or damaged; names piece or field
absl::Status ReadSentencePieceModel(std::string_view file, const nlohmann::json& tokenizer_config,
                                    uint64_t vocabulary, artifact::v1::Tokenizer* tokenizer);

// What SentencePiece does to text before it escapes its spaces: `charsmap` is its table of replacements.
//  INVALID_ARGUMENT  the table is damaged
absl::Status AddSentencePieceSteps(std::string_view charsmap, bool removes_extra_spaces,
                                   artifact::v1::Tokenizer* tokenizer);

// Scores of a unigram, from those of its pieces.
void SetUnigramScores(const std::vector<float>& scores, artifact::v1::Tokenizer* tokenizer);

}  // namespace streamtensor::compiler
