#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a tiny GPT-2 with random weights as a GGUF file or as a Hugging Face folder, for tests.

Everything about it follows from the options and the seed; both forms hold the same values. As in make_tiny_llama.py
attention is peaked, and norms and biases are far from what leaving them out would give.
"""
import argparse
from dataclasses import dataclass, field

import numpy as np

import gguf_writer
from huggingface_folder import tokenizer_json, write_folder
from tiny_tokenizer import CHAT_TEMPLATE, SPECIAL_TOKENS, tokenizer_metadata

PRE_TOKENIZER = "gpt-2"


@dataclass
class Options:
    seed: int = 1
    layers: int = 2
    hidden: int = 96
    inner: int = 384
    heads: int = 3
    vocabulary: int = 387  # no multiple of the card's tiles of 16
    context: int = 200  # no multiple of a page
    matrix_type: str = "Q8_0"
    embedding_type: str = "Q8_0"
    head_type: str = ""  # empty: the embedding is the head
    position_type: str = "F32"
    norm_type: str = "F32"  # of norms and biases
    peak: float = 4.0  # standard deviation of the attention scores, before biases
    branch: float = 0.8  # what attention adds to the residual, relative to the embedding
    feed_forward_branch: float = 2.0  # what the feed-forward part adds
    final_bias: float = 1.0  # of the last norm: it decides the likeliest token when it is as large as the rest
    epsilon: float = 1e-5
    # Tensor name (GGUF's) -> type, where one tensor shall differ from the others.
    types: dict = field(default_factory=dict)


def weights_of(options):
    """(GGUF name, type name, array), rows first."""
    rng = np.random.default_rng(options.seed)
    hidden, inner = options.hidden, options.inner
    kind = options.matrix_type

    def rows(*shape, gain=1.0):
        return (rng.standard_normal(shape) * gain).astype(np.float32)

    def named(name, type_name, values):
        return name, options.types.get(name, type_name), values

    def linear(name, columns, *gains, bias_gain=1.0):
        """A matrix of parts of equal height, one below the other, each with its gain; and its bias."""
        height = hidden if len(gains) > 1 else (inner if "ffn_up" in name else hidden)
        parts = [rows(height, columns, gain=gain / columns**0.5) for gain in gains]
        return [named(name + ".weight", kind, np.concatenate(parts)),
                named(name + ".bias", options.norm_type, rows(height * len(gains), gain=bias_gain))]

    def norm(name, bias_gain=1.0):
        weight = rng.uniform(0.25, 1.75, hidden).astype(np.float32)
        return [named(name + ".weight", options.norm_type, weight),
                named(name + ".bias", options.norm_type, rows(hidden, gain=bias_gain))]

    tensors = [named("token_embd.weight", options.embedding_type, rows(options.vocabulary, hidden)),
               named("position_embd.weight", options.position_type, rows(options.context, hidden))]
    sharp = options.peak**0.5
    for layer in range(options.layers):
        prefix = f"blk.{layer}."
        tensors += norm(prefix + "attn_norm")
        tensors += linear(prefix + "attn_qkv", hidden, sharp, sharp, 1.0)
        tensors += linear(prefix + "attn_output", hidden, options.branch, bias_gain=options.branch)
        tensors += norm(prefix + "ffn_norm")
        tensors += linear(prefix + "ffn_up", hidden, 1.0)
        tensors += linear(prefix + "ffn_down", inner, options.feed_forward_branch,
                          bias_gain=options.feed_forward_branch)
    tensors += norm("output_norm", options.final_bias)
    if options.head_type:
        tensors.append(named("output.weight", options.head_type, rows(options.vocabulary, hidden, gain=2 / hidden**0.5)))
    return tensors


def make(path, options):
    metadata = {
        "general.architecture": "gpt2",
        "general.type": "model",
        "general.name": "tiny",
        "gpt2.block_count": options.layers,
        "gpt2.context_length": options.context,
        "gpt2.embedding_length": options.hidden,
        "gpt2.feed_forward_length": options.inner,
        "gpt2.attention.head_count": options.heads,
        "gpt2.attention.layer_norm_epsilon": options.epsilon,
        **tokenizer_metadata(options.vocabulary, PRE_TOKENIZER),
    }
    gguf_writer.write_gguf(path, metadata, weights_of(options))


NAMES = {
    "token_embd": "transformer.wte",
    "position_embd": "transformer.wpe",
    "output_norm": "transformer.ln_f",
    "output": "lm_head",
    "attn_norm": "ln_1",
    "attn_qkv": "attn.c_attn",
    "attn_output": "attn.c_proj",
    "ffn_norm": "ln_2",
    "ffn_up": "mlp.c_fc",
    "ffn_down": "mlp.c_proj",
}


def hugging_face_tensors(options, prefix="transformer.", buffers=False):
    """`prefix`: the files on the hub come with and without. `buffers`: with the causal mask, as old files have it."""
    tensors = []
    for name, kind, values in weights_of(options):
        *layer, part, last = name.split(".")
        inside = f"transformer.h.{layer[1]}." if layer else ""
        if layer and values.ndim == 2:
            values = np.ascontiguousarray(values.T)  # Conv1D
        tensors.append(((inside + NAMES[part] + "." + last).replace("transformer.", prefix), kind, values))
    for layer in range(options.layers if buffers else 0):
        mask = np.tril(np.ones((1, 1, options.context, options.context), dtype=np.float32))
        tensors.append((f"{prefix}h.{layer}.attn.bias", "F32", mask))
        tensors.append((f"{prefix}h.{layer}.attn.masked_bias", "F32", np.asarray([-1e4], dtype=np.float32)))
    return tensors


def make_folder(folder, options, files=1, **form):
    metadata = tokenizer_metadata(options.vocabulary, PRE_TOKENIZER)
    pieces = metadata["tokenizer.ggml.tokens"]
    merges = [merge.split(" ") for merge in metadata["tokenizer.ggml.merges"]]
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "n_embd": options.hidden,
        "n_layer": options.layers,
        "n_head": options.heads,
        "n_inner": None if options.inner == 4 * options.hidden else options.inner,
        "n_positions": options.context,
        "layer_norm_epsilon": options.epsilon,
        "vocab_size": options.vocabulary,
        "tie_word_embeddings": not options.head_type,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": "float32",
    }
    tokenizer_config = {"add_prefix_space": False, "bos_token": SPECIAL_TOKENS[1], "eos_token": SPECIAL_TOKENS[2],
                        "unk_token": SPECIAL_TOKENS[0], "chat_template": CHAT_TEMPLATE,
                        "tokenizer_class": "PreTrainedTokenizerFast"}
    write_folder(folder, config, hugging_face_tensors(options, **form),
                 tokenizer_json(pieces, merges, SPECIAL_TOKENS, PRE_TOKENIZER), tokenizer_config, files)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", help="a name that ends in .gguf, or a folder")
    defaults = Options()
    for name in vars(defaults):
        if name != "types":
            value = getattr(defaults, name)
            parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value,
                                help=f"default {value!r}")
    arguments = vars(parser.parse_args())
    output = arguments.pop("output")
    (make if output.endswith(".gguf") else make_folder)(output, Options(**arguments))


if __name__ == "__main__":
    main()
