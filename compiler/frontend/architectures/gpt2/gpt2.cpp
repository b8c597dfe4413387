// SPDX-License-Identifier: Apache-2.0
// GPT-2: LayerNorm, learned positions, biases, one matrix for queries, keys and values, a plain feed-forward
// part.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/hyperparameters.h"
#include "compiler/frontend/weight_names.h"

namespace streamtensor::compiler {
namespace {

constexpr char kName[] = "gpt2";

constexpr DecoderSizeKeys kSizes = {
    .layers = {"block_count", "n_layer"},
    .hidden = {"embedding_length", "n_embd"},
    .query_heads = {"attention.head_count", "n_head"},
    .trained_context = {"context_length", "n_positions"},
};

struct Gpt2Config {
  DecoderSizes sizes;
  int64_t inner = 0;  // width of the feed-forward part
  float epsilon = 0;
  bool tied = true;  // the embedding is the head
};

absl::StatusOr<Gpt2Config> ReadConfig(const Checkpoint& checkpoint) {
  Hyperparameters keys(checkpoint, kName);
  RefuseUnsupportedDecoders(&keys);
  RefuseWindows(&keys);
  keys.RequireText({"", "activation_function"}, {"gelu_new", "gelu_pytorch_tanh"});
  keys.RequireFlag({"", "scale_attn_weights"}, true);
  keys.RequireFlag({"", "scale_attn_by_inverse_layer_idx"}, false);
  keys.RequireFlag({"", "add_cross_attention"}, false);
  Gpt2Config config;
  ASSIGN_OR_RETURN(config.sizes, ReadDecoderSizes(&keys, kSizes));
  config.inner = keys.Count({"feed_forward_length", "n_inner"}, kWidthLimit, 4 * config.sizes.hidden);
  config.epsilon =
      static_cast<float>(keys.Float({"attention.layer_norm_epsilon", "layer_norm_epsilon"}, 1e-5));
  config.tied =
      keys.is_gguf() ? checkpoint.FindTensor(kHead) == nullptr : keys.Flag({"", "tie_word_embeddings"}, true);
  RETURN_IF_ERROR(keys.status());
  return config;
}

TensorSpecs Tensors(const Gpt2Config& config) {
  const int64_t hidden = config.sizes.hidden;
  const int64_t inner = config.inner;
  // Of transformers' Conv1D layers.
  const auto projection = [&](std::string_view name, std::string_view hugging_face, int64_t rows,
                              int64_t columns) {
    WeightSpec spec = MatrixWeight(name, hugging_face, rows, columns);
    spec.hugging_face_transposed = true;
    return spec;
  };
  // Queries, keys and values lie in one tensor, one below the other: this is part 0, 1 or 2.
  const auto third = [&](WeightSpec spec, std::string_view gguf, int64_t part) {
    spec.gguf = gguf;
    spec.first_row = part * hidden;
    spec.tensor_rows = 3 * hidden;
    return spec;
  };
  const auto third_of_matrix = [&](std::string_view name, int64_t part) {
    return third(projection(name, "transformer.h.{layer}.attn.c_attn.weight", hidden, hidden),
                 "blk.{layer}.attn_qkv.weight", part);
  };
  const auto third_of_bias = [&](std::string_view name, int64_t part) {
    return third(VectorWeight(name, "transformer.h.{layer}.attn.c_attn.bias", hidden),
                 "blk.{layer}.attn_qkv.bias", part);
  };
  TensorSpecs specs;
  specs.weights = {
      MatrixWeight(kTokenEmbedding, "transformer.wte.weight", config.sizes.vocabulary, hidden),
      {.kind = WeightKind::kPositions,
       .name = kPositionEmbedding,
       .rows = config.sizes.trained_context,
       .columns = hidden,
       .hugging_face = "transformer.wpe.weight"},
      VectorWeight(kAttentionNorm, "transformer.h.{layer}.ln_1.weight", hidden),
      VectorWeight(kAttentionNormBias, "transformer.h.{layer}.ln_1.bias", hidden),
      third_of_matrix(kQueryProjection, 0),
      third_of_matrix(kKeyProjection, 1),
      third_of_matrix(kValueProjection, 2),
      third_of_bias(kQueryBias, 0),
      third_of_bias(kKeyBias, 1),
      third_of_bias(kValueBias, 2),
      projection(kAttentionOutput, "transformer.h.{layer}.attn.c_proj.weight", hidden, hidden),
      VectorWeight(kAttentionOutputBias, "transformer.h.{layer}.attn.c_proj.bias", hidden),
      VectorWeight(kFeedForwardNorm, "transformer.h.{layer}.ln_2.weight", hidden),
      VectorWeight(kFeedForwardNormBias, "transformer.h.{layer}.ln_2.bias", hidden),
      projection(kUpProjection, "transformer.h.{layer}.mlp.c_fc.weight", inner, hidden),
      VectorWeight(kUpBias, "transformer.h.{layer}.mlp.c_fc.bias", inner),
      projection(kDownProjection, "transformer.h.{layer}.mlp.c_proj.weight", hidden, inner),
      VectorWeight(kDownBias, "transformer.h.{layer}.mlp.c_proj.bias", hidden),
      VectorWeight(kOutputNorm, "transformer.ln_f.weight", hidden),
      VectorWeight(kOutputNormBias, "transformer.ln_f.bias", hidden),
  };
  if (!config.tied)
    specs.weights.push_back(MatrixWeight(kHead, "lm_head.weight", config.sizes.vocabulary, hidden));
  specs.hugging_face_prefix = "transformer.";
  // The causal mask and its value.
  specs.unused = {"transformer.h.{layer}.attn.bias", "transformer.h.{layer}.attn.masked_bias"};
  if (config.tied) specs.unused.push_back("lm_head.weight");
  return specs;
}

class Gpt2 : public DecoderModel {
 public:
  Gpt2(const Gpt2Config& config, std::vector<DecoderWeight> weights)
      : DecoderModel(kName, config.sizes, std::move(weights)), config_(config) {}

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
    Tensor inner = graph.Activate(graph.Project(normal, kUpProjection, kUpBias), Activation::kGeluTanh);
    return graph.Add(x, graph.Project(inner, kDownProjection, kDownBias));
  }

  Tensor Logits(DecoderGraph& graph, Tensor x) const override {
    Tensor normal = graph.Normalize(x, LayerNorm(kOutputNorm, kOutputNormBias));
    return graph.Project(normal, config_.tied ? kTokenEmbedding : kHead, "");
  }

 private:
  Norm LayerNorm(std::string_view weight, std::string_view bias) const {
    return {.kind = NormKind::kLayer, .epsilon = config_.epsilon, .weight = weight, .bias = bias};
  }

  Gpt2Config config_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadGpt2(const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const Gpt2Config config, ReadConfig(checkpoint));
  ASSIGN_OR_RETURN(std::vector<DecoderWeight> weights,
                   FindDecoderWeights(checkpoint, config.sizes.layers, Tensors(config)));
  return std::make_unique<Gpt2>(config, std::move(weights));
}

}  // namespace streamtensor::compiler
