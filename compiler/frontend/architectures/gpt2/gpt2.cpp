// SPDX-License-Identifier: Apache-2.0
// GPT-2: one matrix for queries, keys and values, stored as transformers' Conv1D; GELU by its tanh form.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/frontend/architectures/layer_norm_decoder.h"
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

}  // namespace

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadGpt2(const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const Gpt2Config config, ReadConfig(checkpoint));
  ASSIGN_OR_RETURN(std::vector<DecoderWeight> weights,
                   FindDecoderWeights(checkpoint, config.sizes.layers, Tensors(config)));
  return MakeLayerNormDecoder({.name = kName,
                               .sizes = config.sizes,
                               .epsilon = config.epsilon,
                               .activation = Activation::kGeluTanh,
                               .tied = config.tied},
                              std::move(weights));
}

}  // namespace streamtensor::compiler
