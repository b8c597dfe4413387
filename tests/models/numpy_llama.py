#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A float32 forward pass of a model of the Llama family in a GGUF file, in numpy: the reference of the numeric tests.

Written from the model's definition, apart from the compiler: it keeps weights dequantised, activations and KV in
float32, and computes all positions at once.
"""
import argparse

import numpy as np

from gguf_reader import Model


def rms_norm(x, weight, epsilon):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(epsilon)) * weight


def gelu(x):
    """The approximation by tanh, which GPT-2 and Gemma were trained with."""
    return np.float32(0.5) * x * (1 + np.tanh(np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x**3)))


def rope_frequencies(model, dim):
    """Radians a position for each pair of a head, and what cosines and sines are multiplied by."""
    get = lambda key, default: model.metadata.get(model.metadata["general.architecture"] + "." + key, default)
    base, factor = get("rope.freq_base", 10000.0), get("rope.scaling.factor", 1.0)
    pairs = np.arange(dim // 2)
    own = base**(-2 * pairs / dim)
    if "rope_freqs.weight" in model.infos:
        own = own / model.weight("rope_freqs.weight")
    if get("rope.scaling.type", "none") != "yarn":
        return own / factor, 1.0
    # Interpolated: pairs that turn once or less within the original context. Kept: those that turn 32 times.
    turns = lambda count: dim * np.log(get("rope.scaling.original_context_length", 0) / (2 * np.pi * count)) / (2 * np.log(base))
    first, last = max(np.floor(turns(32)), 0), min(np.ceil(turns(1)), dim - 1)
    kept = 1 - np.clip((pairs - first) / max(last - first, 1e-3), 0, 1)
    return own * kept + own / factor * (1 - kept), 1 + 0.1 * np.log(factor)


def rope(x, frequencies, halves):
    """Turns pairs of elements of each head of x [positions, heads, dim] as complex numbers: elements 2i and
    2i + 1, or (halves) i and i + dim / 2."""
    rate, magnitude = frequencies
    turn = (magnitude * np.exp(1j * np.arange(len(x))[:, None] * rate)).astype(np.complex64)[:, None, :]
    if not halves:
        return (np.ascontiguousarray(x).view(np.complex64) * turn).view(np.float32)
    half = x.shape[2] // 2
    turned = (x[:, :, :half] + 1j * x[:, :, half:]) * turn
    return np.concatenate([turned.real, turned.imag], axis=2).astype(np.float32)


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


def forward(model, tokens):
    """Logits [len(tokens), vocabulary] of one sequence from position 0."""
    architecture = model.metadata["general.architecture"]
    get = lambda key, default=None: model.metadata.get(f"{architecture}.{key}", default)
    layers, hidden = get("block_count"), get("embedding_length")
    heads = get("attention.head_count")
    kv_heads = get("attention.head_count_kv", heads)
    dim = get("attention.key_length", hidden // heads)
    epsilon = get("attention.layer_norm_rms_epsilon")
    gemma = architecture == "gemma3"
    halves = architecture in ("gemma3", "mistral", "phi3", "qwen2", "qwen3")
    frequencies = rope_frequencies(model, dim)
    count = len(tokens)
    future = np.triu(np.full((count, count), -np.inf, dtype=np.float32), 1)
    windowed, window = future, get("attention.sliding_window", 0)
    if window:
        windowed = future + np.tril(np.full((count, count), -np.inf, dtype=np.float32), -window)
    # Every so many layers the last has no window.
    period = get("attention.sliding_window_pattern", 6 if gemma else layers + 1)
    local_frequencies = get("rope.freq_base_swa", 10000.0)**(-2 * np.arange(dim // 2) / dim), 1.0

    def project(x, name):
        bias = name + ".bias"
        return x @ model.weight(name + ".weight").T + (model.weight(bias) if bias in model.infos else 0)

    def branch(x, name):
        """What is added to the residual."""
        return rms_norm(x, model.weight(name), epsilon) if gemma else x

    x = model.weight("token_embd.weight")[np.asarray(tokens)]
    if gemma:
        x = x * np.float32(np.sqrt(hidden))
    for layer in range(layers):
        prefix = f"blk.{layer}."
        is_local = bool(window) and layer % period < period - 1
        normal = rms_norm(x, model.weight(prefix + "attn_norm.weight"), epsilon)
        if architecture == "phi3":
            q, k, v = np.split(project(normal, prefix + "attn_qkv"), [heads * dim, (heads + kv_heads) * dim], axis=1)
        else:
            q, k, v = (project(normal, prefix + part) for part in ("attn_q", "attn_k", "attn_v"))
        q, k, v = q.reshape(count, heads, dim), k.reshape(count, kv_heads, dim), v.reshape(count, kv_heads, dim)
        if architecture in ("gemma3", "qwen3"):
            q = rms_norm(q, model.weight(prefix + "attn_q_norm.weight"), epsilon)
            k = rms_norm(k, model.weight(prefix + "attn_k_norm.weight"), epsilon)
        angles = local_frequencies if gemma and is_local else frequencies
        q, k = rope(q, angles, halves), rope(k, angles, halves)
        attended = np.empty((count, heads, dim), dtype=np.float32)
        for head in range(heads):
            group = head * kv_heads // heads
            scores = q[:, head] @ k[:, group].T / np.float32(np.sqrt(dim)) + (windowed if is_local else future)
            attended[:, head] = softmax(scores) @ v[:, group]
        attended = project(attended.reshape(count, heads * dim), prefix + "attn_output")
        x = x + branch(attended, prefix + "post_attention_norm.weight")
        normal = rms_norm(x, model.weight(prefix + "ffn_norm.weight"), epsilon)
        if architecture == "phi3":
            gate, up = np.split(project(normal, prefix + "ffn_up"), 2, axis=1)
        else:
            gate, up = (project(normal, prefix + part) for part in ("ffn_gate", "ffn_up"))
        gate = gelu(gate) if gemma else gate / (1 + np.exp(-gate))
        inner = project(gate * up, prefix + "ffn_down")
        x = x + branch(inner, prefix + "post_ffw_norm.weight")
    x = rms_norm(x, model.weight("output_norm.weight"), epsilon)
    head = "output.weight" if "output.weight" in model.infos else "token_embd.weight"
    return x @ model.weight(head).T


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--tokens", required=True, help='"1 2 3"')
    parser.add_argument("--output", help="write the logits of all positions as .npy")
    arguments = parser.parse_args()
    logits = forward(Model(arguments.model), [int(token) for token in arguments.tokens.split()])
    if arguments.output:
        np.save(arguments.output, logits)
    print("greedy next tokens:", *logits.argmax(axis=1))


if __name__ == "__main__":
    main()
