// SPDX-License-Identifier: Apache-2.0
// Llama, and Mistral as GGUF has it. GGUF's converters permute the rows of the query and key matrices so that
// RoPE's pairs lie side by side.
#include "compiler/frontend/architectures/gated_decoder.h"

namespace streamtensor::compiler {

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadLlama(const Checkpoint& checkpoint) {
  return ReadGatedDecoder(checkpoint, {.name = "llama", .gguf_pairs = RopePairs::kInterleaved});
}

}  // namespace streamtensor::compiler
