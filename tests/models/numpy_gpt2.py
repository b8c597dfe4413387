# SPDX-License-Identifier: Apache-2.0
"""A float32 forward pass of a GPT-2 in a GGUF file, in numpy: the reference of the numeric tests.

Written from the model's definition (Radford et al. 2019; LayerNorm before each part, learned positions), apart from
the compiler. All positions are computed at once.
"""
import numpy as np

from numpy_llama import gelu, softmax


def layer_norm(x, weight, bias, epsilon):
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(epsilon)) * weight + bias


def forward(model, tokens):
    """Logits [len(tokens), vocabulary] of one sequence from position 0."""
    get = lambda key: model.metadata[f"gpt2.{key}"]
    heads, epsilon = get("attention.head_count"), get("attention.layer_norm_epsilon")
    count = len(tokens)
    future = np.triu(np.full((count, count), -np.inf, dtype=np.float32), 1)
    norm = lambda x, name: layer_norm(x, model.weight(name + ".weight"), model.weight(name + ".bias"), epsilon)
    linear = lambda x, name: x @ model.weight(name + ".weight").T + model.weight(name + ".bias")

    x = model.weight("token_embd.weight")[np.asarray(tokens)] + model.weight("position_embd.weight")[:count]
    for layer in range(get("block_count")):
        prefix = f"blk.{layer}."
        q, k, v = (part.reshape(count, heads, -1).swapaxes(0, 1)
                   for part in np.split(linear(norm(x, prefix + "attn_norm"), prefix + "attn_qkv"), 3, axis=1))
        shares = softmax(q @ k.swapaxes(1, 2) / np.float32(np.sqrt(q.shape[2])) + future)
        attended = (shares @ v).swapaxes(0, 1).reshape(count, -1)
        x = x + linear(attended, prefix + "attn_output")
        x = x + linear(gelu(linear(norm(x, prefix + "ffn_norm"), prefix + "ffn_up")), prefix + "ffn_down")
    head = "output.weight" if "output.weight" in model.infos else "token_embd.weight"
    return norm(x, "output_norm") @ model.weight(head).T
