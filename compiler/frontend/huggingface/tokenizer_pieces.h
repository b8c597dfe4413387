// SPDX-License-Identifier: Apache-2.0
// "model" and "added_tokens" of tokenizer.json: the pieces and merges of a BPE. Free of MLIR.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// Sets pieces, merges, unknown_token_id, ignore_merges and fuse_unknown; call it once the kind is set. An id
// without a token gets an unused piece, and so do those up to `vocabulary`, the rows of the model's
// embedding; 0: as many as there are tokens.
//  UNIMPLEMENTED     another kind of model, or a token with a trait that can't be kept; names it
//  INVALID_ARGUMENT  names the token, merge or key at fault
absl::Status ReadPieces(const nlohmann::json& root, uint64_t vocabulary, artifact::v1::Tokenizer* tokenizer);

}  // namespace streamtensor::compiler
