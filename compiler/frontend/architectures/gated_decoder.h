// SPDX-License-Identifier: Apache-2.0
// The decoder that most architectures are: RMSNorm before each part, RoPE, grouped queries, a gated
// feed-forward part. An architecture says in which traits it differs. Free of MLIR.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "compiler/frontend/architectures/windows.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_graph.h"
#include "compiler/frontend/decoder_model.h"

namespace streamtensor::compiler {

struct GatedDecoderTraits {
  std::string_view name;  // what its keys begin with in GGUF
  // Of GGUF. Hugging Face's are halves.
  RopePairs gguf_pairs = RopePairs::kHalves;
  // Queries, keys and values have biases; otherwise a model may have them.
  bool needs_biases = false;
  // Each head of the queries and keys is normalised before RoPE.
  bool normalises_heads = false;
  WindowedLayers windowed = WindowedLayers::kNone;
};

//  UNIMPLEMENTED, INVALID_ARGUMENT  names the key or tensor that stands in the way
absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadGatedDecoder(const Checkpoint& checkpoint,
                                                                     const GatedDecoderTraits& traits);

}  // namespace streamtensor::compiler
