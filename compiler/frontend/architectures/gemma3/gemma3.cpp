// SPDX-License-Identifier: Apache-2.0
// Gemma 3's text models: layers with a window between global ones, each kind with RoPE of its own base; norms
// on both sides of attention and of the feed-forward part, and of each head.
#include "absl/status/status.h"
#include "compiler/frontend/architectures/gated_decoder.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

// Layers of the 27B model, the one whose scores go by another width than a head's. GGUF has no key for that.
constexpr int64_t kLayersOf27B = 62;

double ScoreWidth(Hyperparameters* keys, const DecoderSizes& sizes) {
  if (!keys->is_gguf()) return keys->Float({"", "query_pre_attn_scalar"}, 256);
  return static_cast<double>(sizes.layers == kLayersOf27B ? sizes.hidden / sizes.query_heads
                                                          : sizes.head_dim);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadGemma3(const Checkpoint& checkpoint) {
  if (checkpoint.Has("text_config")) {
    return absl::UnimplementedError(Message(
        "metadata key 'text_config' is there: a model of images and text can't be compiled yet; one of "
        "text alone ('gemma3_text') can"));
  }
  return ReadGatedDecoder(checkpoint, {.name = "gemma3",
                                       .normalises_heads = true,
                                       .windowed = WindowedLayers::kPeriodic,
                                       .rotates_locally = true,
                                       .score_width = ScoreWidth,
                                       .scales_embedding = true,
                                       .normalises_branches = true,
                                       .activation = Activation::kGeluTanh,
                                       .activation_key = "hidden_activation",
                                       .activation_name = "gelu_pytorch_tanh",
                                       .norms_less_one = true,
                                       .tied_by_default = true});
}

}  // namespace streamtensor::compiler
