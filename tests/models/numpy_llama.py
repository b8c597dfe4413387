#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A float32 forward pass of a Llama in a GGUF file, in numpy: the reference of the numeric tests.

Written from the model's definition, apart from the compiler: it has its own small GGUF reader, keeps
weights dequantised, activations and KV in float32, and computes all positions at once.
"""
import argparse
import struct

import numpy as np

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
# Type -> (elements, bytes) of a block.
BLOCKS = {0: (1, 4), 2: (32, 18), 3: (32, 20), 8: (32, 34)}


class Reader:

    def __init__(self, data):
        self.data, self.at = data, 0

    def scalar(self, code):
        value, = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self):
        size = self.scalar("Q")
        self.at += size
        return bytes(self.data[self.at - size:self.at]).decode()

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            element, count = self.scalar("I"), self.scalar("Q")
            return [self.value(element) for _ in range(count)]
        return self.scalar(SCALARS[kind])


def dequantise(raw, kind, shape):
    if kind == 0:
        return raw.view("<f4").reshape(shape).astype(np.float32)
    blocks = raw.reshape(-1, BLOCKS[kind][1])
    d = blocks[:, 0:2].copy().view("<f2").astype(np.float32)
    if kind == 8:
        values = blocks[:, 2:].view(np.int8).astype(np.float32) * d
    else:
        packed = blocks[:, 2 if kind == 2 else 4:]
        q = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)
        if kind == 2:
            values = (q - 8) * d
        else:
            values = q * d + blocks[:, 2:4].copy().view("<f2").astype(np.float32)
    return values.reshape(shape)


class Model:
    """`metadata` by key, `weight(name)` dequantised to float32, rows first."""

    def __init__(self, path):
        self.data = np.memmap(path, dtype=np.uint8, mode="r")
        reader = Reader(self.data)
        magic, version = reader.scalar("I"), reader.scalar("I")
        if magic != 0x46554747 or version not in (2, 3):
            raise ValueError(f"{path} is not a GGUF file of version 2 or 3")
        tensors, entries = reader.scalar("Q"), reader.scalar("Q")
        self.metadata = {}
        for _ in range(entries):
            key = reader.string()
            self.metadata[key] = reader.value(reader.scalar("I"))
        self.infos = {}
        for _ in range(tensors):
            name = reader.string()
            dims = [reader.scalar("Q") for _ in range(reader.scalar("I"))]
            kind, offset = reader.scalar("I"), reader.scalar("Q")
            self.infos[name] = (kind, tuple(reversed(dims)), offset)
        alignment = self.metadata.get("general.alignment", 32)
        self.start = (reader.at + alignment - 1) // alignment * alignment
        self.cache = {}

    def weight(self, name):
        if name not in self.cache:
            kind, shape, offset = self.infos[name]
            elements, size = BLOCKS[kind]
            begin = self.start + offset
            raw = np.array(self.data[begin:begin + int(np.prod(shape)) // elements * size])
            self.cache[name] = dequantise(raw, kind, shape)
        return self.cache[name]


def rms_norm(x, weight, epsilon):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(epsilon)) * weight


def rope(x, base):
    """Turns elements 2i and 2i+1 of each head of x [positions, heads, dim] as one complex number."""
    positions, _, dim = x.shape
    angles = np.arange(positions)[:, None] * base**(-np.arange(0, dim, 2) / dim)
    turn = np.exp(1j * angles).astype(np.complex64)
    return (x.view(np.complex64) * turn[:, None, :]).view(np.float32)


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


def forward(model, tokens):
    """Logits [len(tokens), vocabulary] of one sequence from position 0."""
    get = model.metadata.get
    layers, hidden = get("llama.block_count"), get("llama.embedding_length")
    heads = get("llama.attention.head_count")
    kv_heads = get("llama.attention.head_count_kv", heads)
    dim = get("llama.attention.key_length", hidden // heads)
    base = get("llama.rope.freq_base", 10000.0)
    epsilon = get("llama.attention.layer_norm_rms_epsilon")
    count = len(tokens)
    future = np.triu(np.full((count, count), -np.inf, dtype=np.float32), 1)

    x = model.weight("token_embd.weight")[np.asarray(tokens)]
    for layer in range(layers):
        w = lambda name: model.weight(f"blk.{layer}.{name}.weight")
        normal = rms_norm(x, w("attn_norm"), epsilon)
        q = rope((normal @ w("attn_q").T).reshape(count, heads, dim), base)
        k = rope((normal @ w("attn_k").T).reshape(count, kv_heads, dim), base)
        v = (normal @ w("attn_v").T).reshape(count, kv_heads, dim)
        attended = np.empty((count, heads, dim), dtype=np.float32)
        for head in range(heads):
            group = head * kv_heads // heads
            scores = q[:, head] @ k[:, group].T / np.float32(np.sqrt(dim)) + future
            attended[:, head] = softmax(scores) @ v[:, group]
        x = x + attended.reshape(count, heads * dim) @ w("attn_output").T
        normal = rms_norm(x, w("ffn_norm"), epsilon)
        gate = normal @ w("ffn_gate").T
        x = x + (gate / (1 + np.exp(-gate)) * (normal @ w("ffn_up").T)) @ w("ffn_down").T
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
