# SPDX-License-Identifier: Apache-2.0
"""Tiny models that together have every tensor type and every trait that can be compiled.

Tests run each through the compiler, numpy and llama.cpp; `KINDS` by name, for tiny_models.make().
"""
import make_tiny_gpt2
import make_tiny_opt
from make_tiny_llama import Options

KINDS = {
    # What a Q4_K_M file is: 6 bits for values and for the way down in some layers, and for the tied head.
    "k-quants": Options(hidden=256, inner=256, heads=8, kv_heads=2, head_dim=32, matrix_type="Q4_K",
                        embedding_type="Q6_K",
                        types={"blk.0.attn_v.weight": "Q6_K", "blk.1.ffn_down.weight": "Q6_K"}),
    # What such a file is where rows are no multiple of 256, with Qwen2's biases and halves; an untied head, and
    # one KV head of 128.
    "qwen2": Options(architecture="qwen2", pre_tokenizer="qwen2", hidden=256, inner=160, heads=2, kv_heads=1,
                     head_dim=128, biases="qkv", matrix_type="Q5_0", embedding_type="Q5_1", head_type="Q8_0",
                     rope_base=1e6, types={"blk.0.attn_v.weight": "Q8_0", "blk.1.ffn_down.weight": "Q4_1",
                                           "blk.0.ffn_up.weight": "Q5_1"}),
    # Heads that are normalised before RoPE, wider together than the residual; several KV heads.
    "qwen3": Options(architecture="qwen3", pre_tokenizer="qwen2", hidden=96, inner=160, heads=4, kv_heads=2, head_dim=32,
                     rope_base=1e6, matrix_type="Q8_0"),
    # A window that begins within a page and within a step.
    "mistral": Options(architecture="mistral", window=21, head_type="Q8_0", matrix_type="Q8_0"),
    # Layers with a window and without, each with RoPE of its own; what is added to the residual is normalised.
    "gemma3": Options(architecture="gemma3", layers=3, window=21, window_period=2, hidden=96, inner=160, heads=4,
                      kv_heads=1, head_dim=32, rope_base=1e6, local_rope_base=3e4, matrix_type="Q8_0"),
    # One tensor for queries, keys and values, and one for gate and up.
    "phi3": Options(architecture="phi3", hidden=96, inner=160, heads=3, kv_heads=3, head_dim=32, matrix_type="Q5_0",
                    head_type="Q8_0"),
    # Llama 3: divisors of RoPE's frequencies.
    "llama3": Options(pre_tokenizer="llama-bpe", matrix_type="F16", embedding_type="BF16", head_type="BF16",
                      rope_base=500000.0, rope_scaling="llama3", rope_factor=8.0),
    # As many KV heads as query heads, of 80; positions divided by 4; a bias wherever Llama may have one.
    "linear": Options(hidden=160, inner=96, heads=2, kv_heads=2, head_dim=80, biases="qkvo", matrix_type="BF16",
                      embedding_type="F16", rope_scaling="linear", rope_factor=4.0),
    # YaRN; three heads of 96, wider together than the residual.
    "yarn": Options(hidden=256, inner=512, heads=3, kv_heads=1, head_dim=96, matrix_type="Q5_K",
                    embedding_type="Q4_K", head_type="Q6_K", rope_scaling="yarn", rope_factor=4.0,
                    types={"blk.0.attn_k.weight": "Q4_K", "blk.0.attn_output.weight": "Q8_0",
                           "blk.1.attn_output.weight": "F32"}),
    # Positions, norms with biases, one matrix for three; a vocabulary and a context that are no multiples.
    "gpt2": make_tiny_gpt2.Options(),
    # The same in fewer bits, by layers and parts; an untied head.
    "gpt2-k-quants": make_tiny_gpt2.Options(hidden=256, inner=512, heads=4, matrix_type="Q4_K", embedding_type="Q6_K",
                                            head_type="Q5_K", position_type="F16",
                                            types={"blk.0.attn_qkv.weight": "Q5_K", "blk.1.ffn_down.weight": "Q6_K"}),
    # Positions from the third row on, ReLU, a matrix each for queries, keys and values.
    "opt": make_tiny_opt.Options(),
    # The same without biases of matrices; an untied head.
    "opt-no-biases": make_tiny_opt.Options(biases=False, head_type="Q8_0", matrix_type="Q5_1"),
}
