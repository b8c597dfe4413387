// SPDX-License-Identifier: Apache-2.0
// "normalizer", "pre_tokenizer", "post_processor" and "decoder" of tokenizer.json: what happens to text
// before and after byte pairs are merged. Free of MLIR.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// Sets the kind: that of the model's type, which for a BPE the steps tell: byte-level with the step
// 'ByteLevel', of characters without it.
//  INVALID_ARGUMENT  names the key at fault
absl::Status ReadKind(const nlohmann::json& root, artifact::v1::Tokenizer* tokenizer);

// Sets pre_tokenizer, splits, compose, steps and space_prefix; and, where the file adds tokens at the ends of
// a text, add_bos with bos_token_id and add_eos with eos_token_id. Call it once kind and pieces are set.
//  UNIMPLEMENTED     a step that is not known; names it and those that are
//  INVALID_ARGUMENT  names the key at fault
absl::Status ReadSteps(const nlohmann::json& root, artifact::v1::Tokenizer* tokenizer);

// Steps and splits of word pieces in lower case, without accents: those of "BertNormalizer" and
// "BertPreTokenizer" as they are by default.
absl::Status AddBertSteps(artifact::v1::Tokenizer* tokenizer);

}  // namespace streamtensor::compiler
