// SPDX-License-Identifier: Apache-2.0
// Names of a decoder's weights in the graph: GGUF's, whatever the checkpoint's format, so that a model
// gives the same design from either. `{layer}` stands in what each layer has.
#pragma once

namespace streamtensor::compiler {

inline constexpr char kTokenEmbedding[] = "token_embd.weight";
inline constexpr char kPositionEmbedding[] = "position_embd.weight";
inline constexpr char kRopeCosines[] = "rope.cos";
inline constexpr char kRopeSines[] = "rope.sin";
// Of layers with a window, where these rotate by other angles.
inline constexpr char kLocalRopeCosines[] = "rope_local.cos";
inline constexpr char kLocalRopeSines[] = "rope_local.sin";

inline constexpr char kAttentionNorm[] = "blk.{layer}.attn_norm.weight";
inline constexpr char kAttentionNormBias[] = "blk.{layer}.attn_norm.bias";
inline constexpr char kQueryProjection[] = "blk.{layer}.attn_q.weight";
inline constexpr char kQueryBias[] = "blk.{layer}.attn_q.bias";
inline constexpr char kKeyProjection[] = "blk.{layer}.attn_k.weight";
inline constexpr char kKeyBias[] = "blk.{layer}.attn_k.bias";
inline constexpr char kValueProjection[] = "blk.{layer}.attn_v.weight";
inline constexpr char kValueBias[] = "blk.{layer}.attn_v.bias";
inline constexpr char kAttentionOutput[] = "blk.{layer}.attn_output.weight";
inline constexpr char kAttentionOutputBias[] = "blk.{layer}.attn_output.bias";
// Of what attention adds to the residual.
inline constexpr char kAttentionOutputNorm[] = "blk.{layer}.post_attention_norm.weight";

// Of each head, before RoPE.
inline constexpr char kQueryNorm[] = "blk.{layer}.attn_q_norm.weight";
inline constexpr char kKeyNorm[] = "blk.{layer}.attn_k_norm.weight";

inline constexpr char kFeedForwardNorm[] = "blk.{layer}.ffn_norm.weight";
inline constexpr char kFeedForwardNormBias[] = "blk.{layer}.ffn_norm.bias";
inline constexpr char kGateProjection[] = "blk.{layer}.ffn_gate.weight";
inline constexpr char kUpProjection[] = "blk.{layer}.ffn_up.weight";
inline constexpr char kUpBias[] = "blk.{layer}.ffn_up.bias";
inline constexpr char kDownProjection[] = "blk.{layer}.ffn_down.weight";
inline constexpr char kDownBias[] = "blk.{layer}.ffn_down.bias";
// Of what the feed-forward part adds to the residual.
inline constexpr char kFeedForwardOutputNorm[] = "blk.{layer}.post_ffw_norm.weight";

inline constexpr char kOutputNorm[] = "output_norm.weight";
inline constexpr char kOutputNormBias[] = "output_norm.bias";
inline constexpr char kHead[] = "output.weight";

}  // namespace streamtensor::compiler
