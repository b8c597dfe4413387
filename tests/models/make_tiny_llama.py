#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a tiny model of the Llama family with random weights as a GGUF file (version 3), for tests.

Everything about it follows from the options and the seed. Its attention is peaked: scores spread
widely, so that a wrong mask, position or page shows in the logits. Its tokenizer is a byte-level BPE
trained on a few lines of English.
"""
import argparse
from dataclasses import dataclass, field

import numpy as np

from gguf_writer import ALIGNMENT, write_gguf
from tiny_tokenizer import tokenizer_metadata


@dataclass
class Options:
    seed: int = 1
    architecture: str = "llama"
    layers: int = 2
    hidden: int = 64
    inner: int = 128
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    vocabulary: int = 384
    context: int = 512
    matrix_type: str = "Q4_1"
    embedding_type: str = "Q8_0"
    head_type: str = ""  # empty: the embedding is the head
    peak: float = 4.0  # standard deviation of the attention scores
    branch: float = 0.4  # what a block adds to the residual, relative to the embedding
    rope_base: float = 10000.0
    rope_scaling: str = ""  # "linear", "yarn" or "llama3" (a tensor of divisors)
    rope_factor: float = 1.0
    rope_original_context: int = 64
    window: int = 0  # positions that a token sees, itself included; 0: all
    window_period: int = 0  # every so many layers the last has no window; 0: all have it
    local_rope_base: float = 10000.0  # of layers with a window, where these have one of their own (gemma3)
    biases: str = ""  # which of the attention's matrices have one: "q", "k", "v", "o"
    norm_type: str = "F32"  # of norms and biases
    rms_epsilon: float = 1e-5
    alignment: int = ALIGNMENT
    pre_tokenizer: str = "smollm"
    # Tensor name -> type, where one tensor shall differ from the others.
    types: dict = field(default_factory=dict)


def metadata_of(options):
    metadata = {
        "general.architecture": options.architecture,
        "general.type": "model",
        "general.name": "tiny",
        **tokenizer_metadata(options.vocabulary, options.pre_tokenizer),
    }
    numbers = {
        "block_count": options.layers,
        "context_length": options.context,
        "embedding_length": options.hidden,
        "feed_forward_length": options.inner,
        "attention.head_count": options.heads,
        "attention.head_count_kv": options.kv_heads,
        "attention.key_length": options.head_dim,
        "attention.value_length": options.head_dim,
        "rope.dimension_count": options.head_dim,
        "rope.freq_base": options.rope_base,
        "attention.layer_norm_rms_epsilon": options.rms_epsilon,
        "vocab_size": options.vocabulary,
    }
    if options.window:
        numbers["attention.sliding_window"] = options.window
    if options.architecture == "gemma3":
        numbers["rope.freq_base_swa"] = options.local_rope_base
    if options.window_period:
        numbers["attention.sliding_window_pattern"] = options.window_period
    if options.rope_scaling in ("linear", "yarn"):
        numbers["rope.scaling.type"] = options.rope_scaling
        numbers["rope.scaling.factor"] = options.rope_factor
        numbers["rope.scaling.original_context_length"] = options.rope_original_context
    metadata.update({f"{options.architecture}.{key}": value for key, value in numbers.items()})
    if options.alignment != ALIGNMENT:
        metadata["general.alignment"] = options.alignment
    return metadata


def llama3_divisors(options):
    """As Llama 3.1 scales: what turns often within the original context stays, the rest turns slower."""
    frequencies = options.rope_base**(-np.arange(0, options.head_dim, 2) / options.head_dim)
    turns = options.rope_original_context * frequencies / (2 * np.pi)
    share = np.clip((turns - 1) / (4 - 1), 0, 1)  # low and high frequency factors 1 and 4
    return (1 / ((1 - share) / options.rope_factor + share)).astype(np.float32)


def fused(tensors, layers):
    """Queries, keys and values as one tensor, and gate and up as another."""
    by_name = {name: (kind, values) for name, kind, values in tensors}
    for layer in range(layers):
        for whole, parts in (("attn_qkv", ("attn_q", "attn_k", "attn_v")), ("ffn_up", ("ffn_gate", "ffn_up"))):
            of_parts = [by_name.pop(f"blk.{layer}.{part}.weight") for part in parts]
            by_name[f"blk.{layer}.{whole}.weight"] = (of_parts[0][0], np.concatenate([values for _, values in of_parts]))
    return [(name, kind, values) for name, (kind, values) in by_name.items()]


def tensors_of(options):
    rng = np.random.default_rng(options.seed)
    query, kv = options.heads * options.head_dim, options.kv_heads * options.head_dim
    sharpness = options.peak**0.5

    def matrix(name, type_name, rows, columns, gain=1.0):
        values = rng.standard_normal((rows, columns)) * (gain / columns**0.5)
        return name, options.types.get(name, type_name), values.astype(np.float32)

    def norm(name, width=options.hidden):
        # Far from 1, so that a norm without its weight shows.
        return name, options.norm_type, rng.uniform(0.25, 1.75, width).astype(np.float32)

    def bias(name, width):
        # As large as what it is added to.
        return name, options.norm_type, rng.standard_normal(width).astype(np.float32)

    gemma = options.architecture == "gemma3"
    # Rows of unit size, like the residual that they start.
    rows = rng.standard_normal((options.vocabulary, options.hidden)).astype(np.float32)
    if gemma:  # which the model makes of them
        rows /= np.float32(options.hidden**0.5)
    tensors = [("token_embd.weight", options.embedding_type, rows)]
    for layer in range(options.layers):
        prefix = f"blk.{layer}."
        kind = options.matrix_type
        tensors += [
            norm(prefix + "attn_norm.weight"),
            matrix(prefix + "attn_q.weight", kind, query, options.hidden, sharpness),
            matrix(prefix + "attn_k.weight", kind, kv, options.hidden, sharpness),
            matrix(prefix + "attn_v.weight", kind, kv, options.hidden),
            matrix(prefix + "attn_output.weight", kind, options.hidden, query, options.branch),
            norm(prefix + "ffn_norm.weight"),
            matrix(prefix + "ffn_gate.weight", kind, options.inner, options.hidden, 2.0),
            matrix(prefix + "ffn_up.weight", kind, options.inner, options.hidden, 2.0),
            matrix(prefix + "ffn_down.weight", kind, options.hidden, options.inner, options.branch),
        ]
        widths = {"q": query, "k": kv, "v": kv, "o": options.hidden}
        tensors += [bias(f"{prefix}attn_{letter.replace('o', 'output')}.bias", widths[letter])
                    for letter in options.biases]
        if gemma:
            # What is added is as large as these weights say.
            for part in ("post_attention_norm", "post_ffw_norm"):
                name, kind, weight = norm(f"{prefix}{part}.weight")
                tensors.append((name, kind, weight * np.float32(options.branch)))
        if options.architecture in ("gemma3", "qwen3"):
            # Normalised heads have scores as wide as their weights say.
            for part in ("attn_q_norm", "attn_k_norm"):
                name, kind, weight = norm(f"{prefix}{part}.weight", options.head_dim)
                tensors.append((name, kind, weight * np.float32(sharpness)))
    if options.rope_scaling == "llama3":
        tensors.append(("rope_freqs.weight", "F32", llama3_divisors(options)))
    tensors.append(norm("output_norm.weight"))
    if options.head_type:
        tensors.append(matrix("output.weight", options.head_type, options.vocabulary, options.hidden, 2.0))
    if options.architecture == "phi3":
        tensors = fused(tensors, options.layers)
    if gemma:
        # Norms' weights that 1 can be taken from and added to again.
        tensors = [(name, kind, 1 + (values - 1) if "norm" in name else values) for name, kind, values in tensors]
    return tensors


def make(path, options):
    write_gguf(path, metadata_of(options), tensors_of(options), options.alignment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output")
    defaults = Options()
    for name in vars(defaults):
        if name != "types":
            value = getattr(defaults, name)
            parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value,
                                help=f"default {value!r}")
    parser.add_argument("--type", action="append", default=[], metavar="TENSOR=TYPE",
                        help="one tensor's own type")
    arguments = vars(parser.parse_args())
    output = arguments.pop("output")
    types = dict(pair.split("=", 1) for pair in arguments.pop("type"))
    make(output, Options(types=types, **arguments))


if __name__ == "__main__":
    main()
