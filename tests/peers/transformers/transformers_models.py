# SPDX-License-Identifier: Apache-2.0
"""The tiny models whose logits transformers computed."""
import make_tiny_gpt2
import make_tiny_llama

TOKENS = 48
FLOATS = {"seed": 11, "matrix_type": "F32", "embedding_type": "F32"}
MODELS = {
    "gpt2": make_tiny_gpt2.Options(**FLOATS),
    "llama": make_tiny_llama.Options(head_type="F32", **FLOATS),
}
