// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/layer_norm_decoder.h"

#include <string_view>
#include <utility>

#include "compiler/frontend/weight_names.h"

namespace streamtensor::compiler {
namespace {

class LayerNormDecoder : public DecoderModel {
 public:
  LayerNormDecoder(const LayerNormDecoderTraits& traits, std::vector<DecoderWeight> weights)
      : DecoderModel(traits.name, traits.sizes, std::move(weights)), traits_(traits) {}

  Tensor Embed(DecoderGraph& graph) const override {
    Tensor tokens = graph.EmbedTokens(kTokenEmbedding);
    return graph.Add(tokens, graph.EmbedPositions(kPositionEmbedding));
  }

  Tensor Layer(DecoderGraph& graph, Tensor x) const override {
    Tensor normal = graph.Normalize(x, LayerNorm(kAttentionNorm, kAttentionNormBias));
    Tensor q = graph.Project(normal, kQueryProjection, kQueryBias);
    Tensor k = graph.Project(normal, kKeyProjection, kKeyBias);
    Tensor v = graph.Project(normal, kValueProjection, kValueBias);
    Tensor attended = graph.Attend(q, k, v, ScaledAttention(sizes()));
    x = graph.Add(x, graph.Project(attended, kAttentionOutput, kAttentionOutputBias));

    normal = graph.Normalize(x, LayerNorm(kFeedForwardNorm, kFeedForwardNormBias));
    Tensor inner = graph.Activate(graph.Project(normal, kUpProjection, kUpBias), traits_.activation);
    return graph.Add(x, graph.Project(inner, kDownProjection, kDownBias));
  }

  Tensor Logits(DecoderGraph& graph, Tensor x) const override {
    Tensor normal = graph.Normalize(x, LayerNorm(kOutputNorm, kOutputNormBias));
    return graph.Project(normal, traits_.tied ? kTokenEmbedding : kHead, "");
  }

 private:
  Norm LayerNorm(std::string_view weight, std::string_view bias) const {
    return {.kind = NormKind::kLayer, .epsilon = traits_.epsilon, .weight = weight, .bias = bias};
  }

  LayerNormDecoderTraits traits_;
};

}  // namespace

std::unique_ptr<const DecoderModel> MakeLayerNormDecoder(const LayerNormDecoderTraits& traits,
                                                         std::vector<DecoderWeight> weights) {
  return std::make_unique<LayerNormDecoder>(traits, std::move(weights));
}

}  // namespace streamtensor::compiler
