// SPDX-License-Identifier: Apache-2.0
// Phi-3: Llama's graph, with queries, keys and values in one tensor, and gate and up in another. Its window
// is Hugging Face's; llama.cpp reads the key, and attends to all positions nonetheless.
#include "compiler/frontend/architectures/gated_decoder.h"

namespace streamtensor::compiler {

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadPhi3(const Checkpoint& checkpoint) {
  return ReadGatedDecoder(checkpoint,
                          {.name = "phi3", .fuses_projections = true, .windowed = WindowedLayers::kAll});
}

}  // namespace streamtensor::compiler
