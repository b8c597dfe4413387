# SPDX-License-Identifier: Apache-2.0
"""The tiny models whose logits transformers computed."""
import make_tiny_gpt2
import make_tiny_llama
import make_tiny_opt

TOKENS = 48
# The first of them are a prompt, which so many greedy steps continue.
PROMPT = 20
STEPS = 8
FLOATS = {"seed": 11, "matrix_type": "F32", "embedding_type": "F32"}
MODELS = {
    "gemma3": make_tiny_llama.Options(architecture="gemma3", layers=3, window=21, window_period=2, heads=4, kv_heads=1,
                                      head_dim=32, rope_base=1e6, local_rope_base=3e4, **FLOATS),
    "gpt2": make_tiny_gpt2.Options(**FLOATS),
    "mistral": make_tiny_llama.Options(architecture="mistral", window=21, head_type="F32", **FLOATS),
    "opt": make_tiny_opt.Options(**FLOATS),
    "phi3": make_tiny_llama.Options(architecture="phi3", window=21, head_type="F32", **FLOATS),
    "qwen3": make_tiny_llama.Options(architecture="qwen3", pre_tokenizer="qwen2", head_dim=32, **FLOATS),
    "llama": make_tiny_llama.Options(head_type="F32", **FLOATS),
}
