// SPDX-License-Identifier: Apache-2.0
// OPT as Hugging Face has it, with LayerNorm before each part (all but the 350M model): ReLU, and two rows
// before those of the positions. GGUF has no OPT: its names here are the graph's own.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/frontend/architectures/layer_norm_decoder.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/hyperparameters.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/weight_names.h"

namespace streamtensor::compiler {
namespace {

constexpr char kName[] = "opt";

constexpr DecoderSizeKeys kSizes = {
    .layers = {"block_count", "num_hidden_layers"},
    .hidden = {"embedding_length", "hidden_size"},
    .query_heads = {"attention.head_count", "num_attention_heads"},
    .trained_context = {"context_length", "max_position_embeddings"},
};

// Rows of the table of positions that stand before that of position 0.
constexpr int64_t kPositionOffset = 2;

struct OptConfig {
  DecoderSizes sizes;
  int64_t inner = 0;  // width of the feed-forward part
  float epsilon = 0;
  bool tied = true;  // the embedding is the head
};

absl::StatusOr<OptConfig> ReadConfig(const Checkpoint& checkpoint) {
  Hyperparameters keys(checkpoint, kName);
  RefuseUnsupportedDecoders(&keys);
  RefuseWindows(&keys);
  keys.RequireText({"", "activation_function"}, {"relu"});
  keys.RequireFlag({"", "do_layer_norm_before"}, true);
  keys.RequireFlag({"", "_remove_final_layer_norm"}, false);
  keys.RequireFlag({"", "layer_norm_elementwise_affine"}, true);
  OptConfig config;
  ASSIGN_OR_RETURN(config.sizes, ReadDecoderSizes(&keys, kSizes));
  config.inner = keys.Count({"feed_forward_length", "ffn_dim"}, kWidthLimit);
  config.epsilon = static_cast<float>(keys.Float({"attention.layer_norm_epsilon", ""}, 1e-5));
  config.tied =
      keys.is_gguf() ? checkpoint.FindTensor(kHead) == nullptr : keys.Flag({"", "tie_word_embeddings"}, true);
  const int64_t embedding = keys.Count({"", "word_embed_proj_dim"}, kWidthLimit, config.sizes.hidden);
  RETURN_IF_ERROR(keys.status());
  if (embedding != config.sizes.hidden) {
    return absl::UnimplementedError(Message("'word_embed_proj_dim' is ", embedding, " and 'hidden_size' ",
                                            config.sizes.hidden,
                                            "; an embedding that is projected can't be compiled yet"));
  }
  return config;
}

TensorSpecs Tensors(const OptConfig& config) {
  const int64_t hidden = config.sizes.hidden;
  const int64_t inner = config.inner;
  const auto bias = [](std::string_view name, std::string_view hugging_face, int64_t width) {
    return Optional(VectorWeight(name, hugging_face, width));
  };
  TensorSpecs specs;
  specs.weights = {
      MatrixWeight(kTokenEmbedding, "model.decoder.embed_tokens.weight", config.sizes.vocabulary, hidden),
      {.kind = WeightKind::kPositions,
       .name = kPositionEmbedding,
       .rows = config.sizes.trained_context,
       .columns = hidden,
       .hugging_face = "model.decoder.embed_positions.weight",
       .first_row = kPositionOffset,
       .tensor_rows = config.sizes.trained_context + kPositionOffset},
      VectorWeight(kAttentionNorm, "model.decoder.layers.{layer}.self_attn_layer_norm.weight", hidden),
      VectorWeight(kAttentionNormBias, "model.decoder.layers.{layer}.self_attn_layer_norm.bias", hidden),
      MatrixWeight(kQueryProjection, "model.decoder.layers.{layer}.self_attn.q_proj.weight", hidden, hidden),
      MatrixWeight(kKeyProjection, "model.decoder.layers.{layer}.self_attn.k_proj.weight", hidden, hidden),
      MatrixWeight(kValueProjection, "model.decoder.layers.{layer}.self_attn.v_proj.weight", hidden, hidden),
      bias(kQueryBias, "model.decoder.layers.{layer}.self_attn.q_proj.bias", hidden),
      bias(kKeyBias, "model.decoder.layers.{layer}.self_attn.k_proj.bias", hidden),
      bias(kValueBias, "model.decoder.layers.{layer}.self_attn.v_proj.bias", hidden),
      MatrixWeight(kAttentionOutput, "model.decoder.layers.{layer}.self_attn.out_proj.weight", hidden,
                   hidden),
      bias(kAttentionOutputBias, "model.decoder.layers.{layer}.self_attn.out_proj.bias", hidden),
      VectorWeight(kFeedForwardNorm, "model.decoder.layers.{layer}.final_layer_norm.weight", hidden),
      VectorWeight(kFeedForwardNormBias, "model.decoder.layers.{layer}.final_layer_norm.bias", hidden),
      MatrixWeight(kUpProjection, "model.decoder.layers.{layer}.fc1.weight", inner, hidden),
      bias(kUpBias, "model.decoder.layers.{layer}.fc1.bias", inner),
      MatrixWeight(kDownProjection, "model.decoder.layers.{layer}.fc2.weight", hidden, inner),
      bias(kDownBias, "model.decoder.layers.{layer}.fc2.bias", hidden),
      VectorWeight(kOutputNorm, "model.decoder.final_layer_norm.weight", hidden),
      VectorWeight(kOutputNormBias, "model.decoder.final_layer_norm.bias", hidden),
  };
  if (!config.tied)
    specs.weights.push_back(MatrixWeight(kHead, "lm_head.weight", config.sizes.vocabulary, hidden));
  specs.hugging_face_prefix = "model.";
  if (config.tied) specs.unused.push_back("lm_head.weight");
  return specs;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadOpt(const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const OptConfig config, ReadConfig(checkpoint));
  ASSIGN_OR_RETURN(std::vector<DecoderWeight> weights,
                   FindDecoderWeights(checkpoint, config.sizes.layers, Tensors(config)));
  return MakeLayerNormDecoder({.name = kName,
                               .sizes = config.sizes,
                               .epsilon = config.epsilon,
                               .activation = Activation::kRelu,
                               .tied = config.tied},
                              std::move(weights));
}

}  // namespace streamtensor::compiler
