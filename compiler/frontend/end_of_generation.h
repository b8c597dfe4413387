// SPDX-License-Identifier: Apache-2.0
// Which tokens end a reply: a chat model often has more than its end-of-sequence token. Free of MLIR.
#pragma once

#include <cstdint>
#include <vector>

#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// Sets end_of_generation_ids: `ids`, which the files name, and the control pieces that chat models are known
// to end a turn with ("<|im_end|>"), ascending, without eos_token_id. Call it once pieces and eos_token_id
// are set.
void SetEndOfGeneration(std::vector<uint32_t> ids, artifact::v1::Tokenizer* tokenizer);

}  // namespace streamtensor::compiler
