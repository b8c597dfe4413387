# SPDX-License-Identifier: Apache-2.0
"""A float32 forward pass of a tiny OPT (make_tiny_opt.py), in numpy: the reference of the numeric tests.

Written from the model's definition (Zhang et al. 2022; LayerNorm before each part, learned positions whose table begins
with two rows that none reads, ReLU), apart from the compiler. All positions are computed at once.
"""
import numpy as np

from numpy_gpt2 import layer_norm
from numpy_llama import softmax

POSITION_OFFSET = 2


def relu(x):
    return np.maximum(x, 0)


def forward(model, tokens):
    """Logits [len(tokens), vocabulary] of one sequence from position 0."""
    get = lambda key: model.metadata[f"opt.{key}"]
    heads, epsilon = get("attention.head_count"), get("attention.layer_norm_epsilon")
    count = len(tokens)
    future = np.triu(np.full((count, count), -np.inf, dtype=np.float32), 1)
    norm = lambda x, name: layer_norm(x, model.weight(name + ".weight"), model.weight(name + ".bias"), epsilon)

    def linear(x, name):
        product = x @ model.weight(name + ".weight").T
        return product + model.weight(name + ".bias") if name + ".bias" in model.infos else product

    positions = model.weight("position_embd.weight")[POSITION_OFFSET:POSITION_OFFSET + count]
    x = model.weight("token_embd.weight")[np.asarray(tokens)] + positions
    for layer in range(get("block_count")):
        prefix = f"blk.{layer}."
        normal = norm(x, prefix + "attn_norm")
        q, k, v = (linear(normal, prefix + "attn_" + part).reshape(count, heads, -1).swapaxes(0, 1) for part in "qkv")
        shares = softmax(q @ k.swapaxes(1, 2) / np.float32(np.sqrt(q.shape[2])) + future)
        x = x + linear((shares @ v).swapaxes(0, 1).reshape(count, -1), prefix + "attn_output")
        inner = relu(linear(norm(x, prefix + "ffn_norm"), prefix + "ffn_up"))
        x = x + linear(inner, prefix + "ffn_down")
    head = "output.weight" if "output.weight" in model.infos else "token_embd.weight"
    return norm(x, "output_norm") @ model.weight(head).T
