// SPDX-License-Identifier: Apache-2.0
// Qwen3: queries and keys are normalised head by head.
#include "compiler/frontend/architectures/gated_decoder.h"

namespace streamtensor::compiler {

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadQwen3(const Checkpoint& checkpoint) {
  return ReadGatedDecoder(checkpoint,
                          {.name = "qwen3", .normalises_heads = true, .windowed = WindowedLayers::kFlagged});
}

}  // namespace streamtensor::compiler
