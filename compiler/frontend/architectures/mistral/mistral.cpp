// SPDX-License-Identifier: Apache-2.0
// Mistral as Hugging Face has it: a window over the last positions. GGUF calls it Llama, and knows no window.
#include "compiler/frontend/architectures/gated_decoder.h"

namespace streamtensor::compiler {

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadMistral(const Checkpoint& checkpoint) {
  return ReadGatedDecoder(checkpoint, {.name = "mistral", .windowed = WindowedLayers::kAll});
}

}  // namespace streamtensor::compiler
