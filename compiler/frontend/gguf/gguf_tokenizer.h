// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a GGUF file as the message of tokenizer.bin. Free of MLIR.
#pragma once

#include "absl/status/statusor.h"
#include "compiler/frontend/gguf/gguf_file.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// Pieces, merges or scores, special tokens and chat template of a byte-level BPE tokenizer
// (compiler/frontend/architectures/pre_tokenizers.h), of SentencePiece's BPE or unigram, or of word pieces.
//  UNIMPLEMENTED     another kind of tokenizer or pre-tokenizer; names it and those that exist
//  INVALID_ARGUMENT  a key is missing or holds something impossible; names it
absl::StatusOr<artifact::v1::Tokenizer> ReadGgufTokenizer(const GgufFile& file);

}  // namespace streamtensor::compiler
