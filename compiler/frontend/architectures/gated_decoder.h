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
#include "compiler/frontend/hyperparameters.h"

namespace streamtensor::compiler {

struct GatedDecoderTraits {
  std::string_view name;  // what its keys begin with in GGUF
  // Of GGUF. Hugging Face's are halves.
  RopePairs gguf_pairs = RopePairs::kHalves;
  // Queries, keys and values have biases; otherwise a model may have them.
  bool needs_biases = false;
  // Queries, keys and values lie in one tensor, one below the other; so do gate and up.
  bool fuses_projections = false;
  // Each head of the queries and keys is normalised before RoPE.
  bool normalises_heads = false;
  WindowedLayers windowed = WindowedLayers::kNone;
  // Layers with a window rotate by angles of their own.
  bool rotates_locally = false;
  // What the scores are divided by the root of. Without it the width of a head.
  double (*score_width)(Hyperparameters*, const DecoderSizes&) = nullptr;
  // The embedding's rows are multiplied by the root of their width.
  bool scales_embedding = false;
  // What attention and the feed-forward part add to the residual is normalised too.
  bool normalises_branches = false;
  Activation activation = Activation::kSilu;
  // Of Hugging Face: what it calls the activation, and where; norms' weights are stored less 1; the embedding
  // is the head unless config.json denies it.
  std::string_view activation_key = "hidden_act";
  std::string_view activation_name = "silu";
  bool norms_less_one = false;
  bool tied_by_default = false;
};

//  UNIMPLEMENTED, INVALID_ARGUMENT  names the key or tensor that stands in the way
absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadGatedDecoder(const Checkpoint& checkpoint,
                                                                     const GatedDecoderTraits& traits);

}  // namespace streamtensor::compiler
