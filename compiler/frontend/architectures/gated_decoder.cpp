// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/gated_decoder.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
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
  LayerRopes ropes;              // `local` where `is_local` says so
  std::vector<bool> is_local;    // as Rope's
  std::vector<int64_t> windows;  // as Attention's
  float score_scale = 0;
  bool tied = false;  // the embedding is the head
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

absl::Status ReadRopes(const Hyperparameters& keys, const GatedDecoderTraits& traits, GatedConfig* config) {
  const DecoderSizes& sizes = config->sizes;
  if (!traits.rotates_locally) {
    ASSIGN_OR_RETURN(config->ropes.global, ReadRope(keys, sizes.head_dim, sizes.trained_context));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(config->ropes, ReadLayerRopes(keys, sizes.head_dim, sizes.trained_context));
  for (int64_t window : config->windows) config->is_local.push_back(window != 0);
  // One kind of layer alone needs one pair of tables.
  if (std::find(config->is_local.begin(), config->is_local.end(), false) == config->is_local.end()) {
    if (!config->is_local.empty()) config->ropes.global = config->ropes.local;
    config->is_local.clear();
  }
  return absl::OkStatus();
}

absl::StatusOr<GatedConfig> ReadConfig(const Checkpoint& checkpoint, const GatedDecoderTraits& traits) {
  Hyperparameters keys(checkpoint, traits.name);
  RefuseUnsupportedDecoders(&keys);
  if (traits.windowed == WindowedLayers::kNone) RefuseWindows(&keys);
  keys.RequireText({"", traits.activation_key}, {traits.activation_name});
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
                               : keys.Flag({"", "tie_word_embeddings"}, traits.tied_by_default);
  const double score_width = traits.score_width != nullptr ? traits.score_width(&keys, config.sizes)
                                                           : static_cast<double>(config.sizes.head_dim);
  config.score_scale = static_cast<float>(1.0 / std::sqrt(score_width));
  RETURN_IF_ERROR(keys.status());
  RETURN_IF_ERROR(ReadRopes(keys, traits, &config));
  return config;
}

// `parts` lie in one tensor, one below the other.
void Fuse(std::initializer_list<std::string_view> parts, std::string_view gguf, std::string_view hugging_face,
          std::vector<WeightSpec>* weights) {
  const auto find = [&](std::string_view name) -> WeightSpec& {
    return *std::find_if(weights->begin(), weights->end(),
                         [&](const WeightSpec& spec) { return spec.name == name; });
  };
  int64_t rows = 0;
  for (std::string_view part : parts) {
    WeightSpec& spec = find(part);
    spec.gguf = gguf;
    spec.hugging_face = hugging_face;
    spec.first_row = rows;
    rows += spec.rows;
  }
  for (std::string_view part : parts) find(part).tensor_rows = rows;
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
  const auto norm = [&](std::string_view name, std::string_view hugging_face, int64_t width) {
    WeightSpec spec = VectorWeight(name, hugging_face, width);
    spec.hugging_face_offset = traits.norms_less_one ? 1 : 0;
    return spec;
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
      norm(kAttentionNorm, "model.layers.{layer}.input_layernorm.weight", hidden),
      MatrixWeight(kQueryProjection, "model.layers.{layer}.self_attn.q_proj.weight", query, hidden),
      MatrixWeight(kKeyProjection, "model.layers.{layer}.self_attn.k_proj.weight", kv, hidden),
      MatrixWeight(kValueProjection, "model.layers.{layer}.self_attn.v_proj.weight", kv, hidden),
      MatrixWeight(kAttentionOutput, "model.layers.{layer}.self_attn.o_proj.weight", hidden, query),
      bias(kQueryBias, "model.layers.{layer}.self_attn.q_proj.bias", query),
      bias(kKeyBias, "model.layers.{layer}.self_attn.k_proj.bias", kv),
      bias(kValueBias, "model.layers.{layer}.self_attn.v_proj.bias", kv),
      Optional(VectorWeight(kAttentionOutputBias, "model.layers.{layer}.self_attn.o_proj.bias", hidden)),
      norm(kFeedForwardNorm,
           traits.normalises_branches ? "model.layers.{layer}.pre_feedforward_layernorm.weight"
                                      : "model.layers.{layer}.post_attention_layernorm.weight",
           hidden),
      MatrixWeight(kGateProjection, "model.layers.{layer}.mlp.gate_proj.weight", inner, hidden),
      MatrixWeight(kUpProjection, "model.layers.{layer}.mlp.up_proj.weight", inner, hidden),
      MatrixWeight(kDownProjection, "model.layers.{layer}.mlp.down_proj.weight", hidden, inner),
      norm(kOutputNorm, "model.norm.weight", hidden),
  };
  if (traits.fuses_projections) {
    Fuse({kQueryProjection, kKeyProjection, kValueProjection}, "blk.{layer}.attn_qkv.weight",
         "model.layers.{layer}.self_attn.qkv_proj.weight", &specs.weights);
    Fuse({kQueryBias, kKeyBias, kValueBias}, "blk.{layer}.attn_qkv.bias",
         "model.layers.{layer}.self_attn.qkv_proj.bias", &specs.weights);
    Fuse({kGateProjection, kUpProjection}, "blk.{layer}.ffn_up.weight",
         "model.layers.{layer}.mlp.gate_up_proj.weight", &specs.weights);
  }
  const auto add = [&](std::initializer_list<WeightSpec> more) {
    specs.weights.insert(specs.weights.end(), more);
  };
  if (traits.normalises_heads) {
    add({norm(kQueryNorm, "model.layers.{layer}.self_attn.q_norm.weight", config.sizes.head_dim),
         norm(kKeyNorm, "model.layers.{layer}.self_attn.k_norm.weight", config.sizes.head_dim)});
  }
  if (traits.normalises_branches) {
    add({norm(kAttentionOutputNorm, "model.layers.{layer}.post_attention_layernorm.weight", hidden),
         norm(kFeedForwardOutputNorm, "model.layers.{layer}.post_feedforward_layernorm.weight", hidden)});
  }
  if (!config.is_local.empty()) add({rope(kLocalRopeCosines), rope(kLocalRopeSines)});
  if (!config.tied)
    specs.weights.push_back(MatrixWeight(kHead, "lm_head.weight", config.sizes.vocabulary, hidden));
  specs.hugging_face_prefix = "model.";
  // Of GGUF the RoPE tables hold them; of Hugging Face they hold the first, and the second repeats the
  // embedding.
  specs.unused = {kRopeDivisors, kShortRopeDivisors, kLongRopeDivisors,
                  "model.layers.{layer}.self_attn.rotary_emb.inv_freq"};
  if (config.tied) specs.unused.push_back("lm_head.weight");
  return specs;
}

class GatedDecoder : public DecoderModel {
 public:
  GatedDecoder(const GatedDecoderTraits& traits, GatedConfig config, std::vector<DecoderWeight> weights)
      : DecoderModel(std::string(traits.name), config.sizes, std::move(weights)),
        traits_(traits),
        config_(std::move(config)) {}

  Tensor Embed(DecoderGraph& graph) const override {
    const Tensor rows = graph.EmbedTokens(kTokenEmbedding);
    if (!traits_.scales_embedding) return rows;
    return graph.Scale(rows, static_cast<float>(std::sqrt(static_cast<double>(sizes().hidden))));
  }

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
    attended = graph.Project(attended, kAttentionOutput, kAttentionOutputBias);
    x = graph.Add(x, Branch(graph, attended, kAttentionOutputNorm));

    normal = graph.Normalize(x, RmsNorm(kFeedForwardNorm));
    Tensor gate = graph.Project(normal, kGateProjection, "");
    Tensor up = graph.Project(normal, kUpProjection, "");
    Tensor inner = graph.Multiply(graph.Activate(gate, traits_.activation), up);
    return graph.Add(x, Branch(graph, graph.Project(inner, kDownProjection, ""), kFeedForwardOutputNorm));
  }

  Tensor Logits(DecoderGraph& graph, Tensor x) const override {
    return graph.Project(graph.Normalize(x, RmsNorm(kOutputNorm)), config_.tied ? kTokenEmbedding : kHead,
                         "");
  }

  std::vector<float> ComputeTable(std::string_view name, int64_t positions) const override {
    const bool is_local = name == kLocalRopeCosines || name == kLocalRopeSines;
    const bool is_cosine = name == kRopeCosines || name == kLocalRopeCosines;
    return RopeTable(is_local ? config_.ropes.local : config_.ropes.global, sizes().head_dim, positions,
                     is_cosine ? RopeFunction::kCosine : RopeFunction::kSine);
  }

 private:
  Norm RmsNorm(std::string_view weight) const {
    return {.kind = NormKind::kRms, .epsilon = config_.epsilon, .weight = weight};
  }
  // What is added to the residual.
  Tensor Branch(DecoderGraph& graph, Tensor x, std::string_view norm) const {
    return traits_.normalises_branches ? graph.Normalize(x, RmsNorm(norm)) : x;
  }
  Attention WindowedAttention() const {
    Attention attention = ScaledAttention(sizes());
    attention.scale = config_.score_scale;
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
            .sines = kRopeSines,
            .is_local = config_.is_local,
            .local_cosines = kLocalRopeCosines,
            .local_sines = kLocalRopeSines};
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
