// SPDX-License-Identifier: Apache-2.0
// The decoder before RMSNorm and RoPE: LayerNorm before each part, learned positions, biases, as many KV
// heads as query heads, a plain feed-forward part. Free of MLIR.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/frontend/decoder_graph.h"
#include "compiler/frontend/decoder_model.h"

namespace streamtensor::compiler {

struct LayerNormDecoderTraits {
  std::string name;
  DecoderSizes sizes;
  float epsilon = 0;
  Activation activation = Activation::kGeluTanh;
  bool tied = true;  // the embedding is the head
};

// `weights` have the names of weight_names.h; the biases of projections may be absent.
std::unique_ptr<const DecoderModel> MakeLayerNormDecoder(const LayerNormDecoderTraits& traits,
                                                         std::vector<DecoderWeight> weights);

}  // namespace streamtensor::compiler
