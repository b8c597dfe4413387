// SPDX-License-Identifier: Apache-2.0
// Qwen2: biases of queries, keys and values.
#include "compiler/frontend/architectures/gated_decoder.h"

namespace streamtensor::compiler {

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadQwen2(const Checkpoint& checkpoint) {
  return ReadGatedDecoder(checkpoint,
                          {.name = "qwen2", .needs_biases = true, .windowed = WindowedLayers::kFlagged});
}

}  // namespace streamtensor::compiler
