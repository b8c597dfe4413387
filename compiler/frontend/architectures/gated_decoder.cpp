// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/gated_decoder.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/frontend/architectures/rope.h"
#include "compiler/frontend/hyperparameters.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/weight_names.h"

namespace streamtensor::compiler {
namespace {

constexpr DecoderSizeKeys kSizes = {
    .layers = {"block_count", "num_hidden_layers"},
    .hidden = {"embedding_length", "hidden_size"},
    .query_heads = {"attention.head_count", "num_attention_heads"},
    .kv_heads = {"attention.head_count_kv", "num_key_value_heads"},
    .head_dim = {"attention.key_length", "head_dim"},
    .trained_context = {"context_length", "max_position_embeddings"},
};

struct GatedConfig {
  DecoderSizes sizes;
  int64_t inner = 0;  // width of the feed-forward part
  float epsilon = 0;
  RopePairs pairs = RopePairs::kInterleaved;
  RopeConfig rope;
  std::vector<int64_t> windows;  // as Attention's
  bool tied = false;             // the embedding is the head
};

absl::Status CheckHeadWidths(Hyperparameters* keys, const DecoderSizes& sizes) {
  const int64_t value_dim = keys->Count({"attention.value_length", ""}, kWidthLimit, sizes.head_dim);
  const int64_t rope_dim = keys->Count({"rope.dimension_count", ""}, kWidthLimit, sizes.head_dim);
  RETURN_IF_ERROR(keys->status());
  if (value_dim == sizes.head_dim && rope_dim == sizes.head_dim) return absl::OkStatus();
  return absl::UnimplementedError(Message("heads with keys ", sizes.head_dim, ", values ", value_dim,
                                          " and RoPE ", rope_dim,
                                          " wide can't be compiled yet; all three must be equal"));
}

absl::StatusOr<GatedConfig> ReadConfig(const Checkpoint& checkpoint, const GatedDecoderTraits& traits) {
  Hyperparameters keys(checkpoint, traits.name);
  RefuseUnsupportedDecoders(&keys);
  if (traits.windowed == WindowedLayers::kNone) RefuseWindows(&keys);
  keys.RequireText({"", "hidden_act"}, {"silu"});
  keys.RequireFlag({"", "rope_interleaved"}, false);
  if (keys.Float({"", "partial_rotary_factor"}, 1) != 1) keys.Refuse({"", "partial_rotary_factor"});
  GatedConfig config;
  ASSIGN_OR_RETURN(config.sizes, ReadDecoderSizes(&keys, kSizes));
  RETURN_IF_ERROR(CheckHeadWidths(&keys, config.sizes));
  ASSIGN_OR_RETURN(config.windows, ReadWindows(keys, config.sizes.layers, traits.windowed));
  config.inner = keys.Count({"feed_forward_length", "intermediate_size"}, kWidthLimit);
  config.epsilon = static_cast<float>(keys.Float({"attention.layer_norm_rms_epsilon", "rms_norm_eps"}));
  config.pairs = keys.is_gguf() ? traits.gguf_pairs : RopePairs::kHalves;
  config.tied = keys.is_gguf() ? checkpoint.FindTensor(kHead) == nullptr
                               : keys.Flag({"", "tie_word_embeddings"}, false);
  RETURN_IF_ERROR(keys.status());
  ASSIGN_OR_RETURN(config.rope, ReadRope(keys, config.sizes.head_dim, config.sizes.trained_context));
  return config;
}

TensorSpecs Tensors(const GatedConfig& config, const GatedDecoderTraits& traits) {
  const int64_t hidden = config.sizes.hidden;
  const int64_t inner = config.inner;
  const int64_t query = config.sizes.query_heads * config.sizes.head_dim;
  const int64_t kv = config.sizes.kv_heads * config.sizes.head_dim;
  const auto rope = [&](std::string_view name) {
    return WeightSpec{.kind = WeightKind::kComputed,
                      .name = name,
                      .columns = config.sizes.head_dim / 2,
                      .shared_by_layers = true};
  };
  const auto bias = [&](std::string_view name, std::string_view hugging_face, int64_t width) {
    const WeightSpec spec = VectorWeight(name, hugging_face, width);
    return traits.needs_biases ? spec : Optional(spec);
  };
  TensorSpecs specs;
  specs.weights = {
      MatrixWeight(kTokenEmbedding, "model.embed_tokens.weight", config.sizes.vocabulary, hidden),
      rope(kRopeCosines),
      rope(kRopeSines),
      VectorWeight(kAttentionNorm, "model.layers.{layer}.input_layernorm.weight", hidden),
      MatrixWeight(kQueryProjection, "model.layers.{layer}.self_attn.q_proj.weight", query, hidden),
      MatrixWeight(kKeyProjection, "model.layers.{layer}.self_attn.k_proj.weight", kv, hidden),
      MatrixWeight(kValueProjection, "model.layers.{layer}.self_attn.v_proj.weight", kv, hidden),
      MatrixWeight(kAttentionOutput, "model.layers.{layer}.self_attn.o_proj.weight", hidden, query),
      bias(kQueryBias, "model.layers.{layer}.self_attn.q_proj.bias", query),
      bias(kKeyBias, "model.layers.{layer}.self_attn.k_proj.bias", kv),
      bias(kValueBias, "model.layers.{layer}.self_attn.v_proj.bias", kv),
      Optional(VectorWeight(kAttentionOutputBias, "model.layers.{layer}.self_attn.o_proj.bias", hidden)),
      VectorWeight(kFeedForwardNorm, "model.layers.{layer}.post_attention_layernorm.weight", hidden),
      MatrixWeight(kGateProjection, "model.layers.{layer}.mlp.gate_proj.weight", inner, hidden),
      MatrixWeight(kUpProjection, "model.layers.{layer}.mlp.up_proj.weight", inner, hidden),
      MatrixWeight(kDownProjection, "model.layers.{layer}.mlp.down_proj.weight", hidden, inner),
      VectorWeight(kOutputNorm, "model.norm.weight", hidden),
  };
  if (traits.normalises_heads) {
    for (const WeightSpec& spec :
         {VectorWeight(kQueryNorm, "model.layers.{layer}.self_attn.q_norm.weight", config.sizes.head_dim),
          VectorWeight(kKeyNorm, "model.layers.{layer}.self_attn.k_norm.weight", config.sizes.head_dim)}) {
      specs.weights.push_back(spec);
    }
  }
  if (!config.tied)
    specs.weights.push_back(MatrixWeight(kHead, "lm_head.weight", config.sizes.vocabulary, hidden));
  specs.hugging_face_prefix = "model.";
  // Of GGUF the RoPE tables hold it; of Hugging Face they hold the first, and the second repeats the
  // embedding.
  specs.unused = {kRopeDivisors, "model.layers.{layer}.self_attn.rotary_emb.inv_freq"};
  if (config.tied) specs.unused.push_back("lm_head.weight");
  return specs;
}

class GatedDecoder : public DecoderModel {
 public:
  GatedDecoder(const GatedDecoderTraits& traits, GatedConfig config, std::vector<DecoderWeight> weights)
      : DecoderModel(std::string(traits.name), config.sizes, std::move(weights)),
        traits_(traits),
        config_(std::move(config)) {}

  Tensor Embed(DecoderGraph& graph) const override { return graph.EmbedTokens(kTokenEmbedding); }

  Tensor Layer(DecoderGraph& graph, Tensor x) const override {
    Tensor normal = graph.Normalize(x, RmsNorm(kAttentionNorm));
    Tensor q = graph.Project(normal, kQueryProjection, kQueryBias);
    Tensor k = graph.Project(normal, kKeyProjection, kKeyBias);
    Tensor v = graph.Project(normal, kValueProjection, kValueBias);
    if (traits_.normalises_heads) {
      q = graph.Normalize(q, HeadNorm(kQueryNorm, sizes().query_heads));
      k = graph.Normalize(k, HeadNorm(kKeyNorm, sizes().kv_heads));
    }
    q = graph.Rotate(q, RopeOf(sizes().query_heads));
    k = graph.Rotate(k, RopeOf(sizes().kv_heads));
    Tensor attended = graph.Attend(q, k, v, WindowedAttention());
    x = graph.Add(x, graph.Project(attended, kAttentionOutput, kAttentionOutputBias));

    normal = graph.Normalize(x, RmsNorm(kFeedForwardNorm));
    Tensor gate = graph.Project(normal, kGateProjection, "");
    Tensor up = graph.Project(normal, kUpProjection, "");
    Tensor inner = graph.Multiply(graph.Activate(gate, Activation::kSilu), up);
    return graph.Add(x, graph.Project(inner, kDownProjection, ""));
  }

  Tensor Logits(DecoderGraph& graph, Tensor x) const override {
    return graph.Project(graph.Normalize(x, RmsNorm(kOutputNorm)), config_.tied ? kTokenEmbedding : kHead,
                         "");
  }

  std::vector<float> ComputeTable(std::string_view name, int64_t positions) const override {
    return RopeTable(config_.rope, sizes().head_dim, positions,
                     name == kRopeCosines ? RopeFunction::kCosine : RopeFunction::kSine);
  }

 private:
  Norm RmsNorm(std::string_view weight) const {
    return {.kind = NormKind::kRms, .epsilon = config_.epsilon, .weight = weight};
  }
  Attention WindowedAttention() const {
    Attention attention = ScaledAttention(sizes());
    attention.windows = config_.windows;
    return attention;
  }
  Norm HeadNorm(std::string_view weight, int64_t heads) const {
    Norm norm = RmsNorm(weight);
    norm.heads = heads;
    return norm;
  }
  Rope RopeOf(int64_t heads) const {
    return {.pairs = config_.pairs,
            .heads = heads,
            .head_dim = sizes().head_dim,
            .cosines = kRopeCosines,
            .sines = kRopeSines};
  }

  const GatedDecoderTraits traits_;
  const GatedConfig config_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadGatedDecoder(const Checkpoint& checkpoint,
                                                                     const GatedDecoderTraits& traits) {
  ASSIGN_OR_RETURN(GatedConfig config, ReadConfig(checkpoint, traits));
  ASSIGN_OR_RETURN(std::vector<DecoderWeight> weights,
                   FindDecoderWeights(checkpoint, config.sizes.layers, Tensors(config, traits)));
  return std::make_unique<GatedDecoder>(traits, std::move(config), std::move(weights));
}

}  // namespace streamtensor::compiler
