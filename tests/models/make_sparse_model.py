#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a GGUF file of a decoder of any size whose weights are zeros that take no room on the disk.

The file is sparse: it has the tensors, types and tokenizer of a real one, so that everything of the compiler runs as it
would, and needs a few megabytes. `--model` takes the sizes from a table; the options change any of them.
"""
import argparse
import math
import struct
from dataclasses import dataclass, replace

import make_tiny_llama
from gguf_writer import ALIGNMENT, entry, text
from tensor_types import TYPES
from tiny_tokenizer import tokenizer_metadata


@dataclass
class Sizes:
    architecture: str = "llama"
    layers: int = 2
    hidden: int = 64
    inner: int = 128
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    vocabulary: int = 384
    context: int = 2048
    matrix_type: str = "Q4_0"
    embedding_type: str = "Q8_0"
    head_type: str = ""  # empty: the embedding is the head
    biases: str = ""  # which of the attention's matrices have one: "q", "k", "v", "o"
    window: int = 0
    window_period: int = 0


# Sizes as the models' own configurations give them.
MODELS = {
    "gpt2-medium": Sizes("gpt2", 24, 1024, 4096, 16, 16, 64, 50257, 1024),
    "qwen2.5-0.5b": Sizes("qwen2", 24, 896, 4864, 14, 2, 64, 151936, 32768, biases="qkv"),
    "gemma3-1b": Sizes("gemma3", 26, 1152, 6912, 4, 1, 256, 262144, 32768, window=512, window_period=6),
    "tinyllama-1.1b": Sizes("llama", 22, 2048, 5632, 32, 4, 64, 32000, 2048, head_type="Q8_0"),
    "smollm2-135m": Sizes("llama", 30, 576, 1536, 9, 3, 64, 49152, 8192),
    "llama3.1-8b": Sizes("llama", 32, 4096, 14336, 32, 8, 128, 128256, 131072, head_type="Q8_0"),
}


def tokenizer_of(vocabulary):
    """The tests' tokenizer with tokens that no text gives, up to the vocabulary."""
    trained = min(vocabulary, 400)
    metadata = tokenizer_metadata(trained, "gpt-2")
    metadata["tokenizer.ggml.tokens"] += [f"<unused{i}>" for i in range(vocabulary - trained)]
    metadata["tokenizer.ggml.token_type"] += [5] * (vocabulary - trained)
    return metadata


def gated_tensors(sizes):
    query, kv = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    hidden, inner, kind = sizes.hidden, sizes.inner, sizes.matrix_type
    tensors = [("token_embd.weight", sizes.embedding_type, (sizes.vocabulary, hidden))]
    widths = {"q": query, "k": kv, "v": kv, "output": hidden}
    for layer in range(sizes.layers):
        prefix = f"blk.{layer}."
        tensors += [(f"{prefix}attn_{part}.weight", kind, (width, query if part == "output" else hidden))
                    for part, width in widths.items()]
        tensors += [(f"{prefix}attn_{letter.replace('o', 'output')}.bias", "F32",
                     (widths[letter.replace("o", "output")],)) for letter in sizes.biases]
        tensors += [(prefix + "ffn_gate.weight", kind, (inner, hidden)), (prefix + "ffn_up.weight", kind, (inner, hidden)),
                    (prefix + "ffn_down.weight", kind, (hidden, inner))]
        norms = ["attn_norm", "ffn_norm"]
        if sizes.architecture == "gemma3":
            norms += ["post_attention_norm", "post_ffw_norm"]
        tensors += [(f"{prefix}{norm}.weight", "F32", (hidden,)) for norm in norms]
        if sizes.architecture in ("gemma3", "qwen3"):
            tensors += [(f"{prefix}attn_{part}_norm.weight", "F32", (sizes.head_dim,)) for part in "qk"]
    tensors.append(("output_norm.weight", "F32", (hidden,)))
    if sizes.head_type:
        tensors.append(("output.weight", sizes.head_type, (sizes.vocabulary, hidden)))
    return tensors


def gpt2_tensors(sizes):
    hidden, inner, kind = sizes.hidden, sizes.inner, sizes.matrix_type
    tensors = [("token_embd.weight", sizes.embedding_type, (sizes.vocabulary, hidden)),
               ("position_embd.weight", "F32", (sizes.context, hidden))]
    shapes = {"attn_qkv": (3 * hidden, hidden), "attn_output": (hidden, hidden), "ffn_up": (inner, hidden),
              "ffn_down": (hidden, inner)}
    norms = []
    for layer in range(sizes.layers):
        prefix = f"blk.{layer}."
        norms += [prefix + "attn_norm", prefix + "ffn_norm"]
        for part, shape in shapes.items():
            tensors += [(f"{prefix}{part}.weight", kind, shape), (f"{prefix}{part}.bias", "F32", shape[:1])]
    for norm in [*norms, "output_norm"]:
        tensors += [(norm + ".weight", "F32", (hidden,)), (norm + ".bias", "F32", (hidden,))]
    return tensors


def metadata_of(sizes):
    if sizes.architecture == "gpt2":
        numbers = {"block_count": sizes.layers, "context_length": sizes.context, "embedding_length": sizes.hidden,
                   "feed_forward_length": sizes.inner, "attention.head_count": sizes.heads,
                   "attention.layer_norm_epsilon": 1e-5}
        metadata = {"general.architecture": "gpt2", "general.type": "model", "general.name": "sparse"}
        metadata.update({f"gpt2.{key}": value for key, value in numbers.items()})
        return {**metadata, **tokenizer_of(sizes.vocabulary)}
    taken = {name: value for name, value in vars(sizes).items()
             if name in vars(make_tiny_llama.Options()) and name != "vocabulary"}
    metadata = make_tiny_llama.metadata_of(make_tiny_llama.Options(**taken))
    metadata[f"{sizes.architecture}.vocab_size"] = sizes.vocabulary
    return {**metadata, **tokenizer_of(sizes.vocabulary), "general.name": "sparse"}


def make(path, sizes):
    tensors = (gpt2_tensors if sizes.architecture == "gpt2" else gated_tensors)(sizes)
    metadata = metadata_of(sizes)
    infos, data_bytes = [], 0
    for name, type_name, shape in tensors:
        number, elements, element_bytes = TYPES[type_name][:3]
        data_bytes += -data_bytes % ALIGNMENT
        infos.append(text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape[::-1]) +
                     struct.pack("<IQ", number, data_bytes))
        data_bytes += math.prod(shape) // elements * element_bytes
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(entry(key, value) for key, value in metadata.items()) + b"".join(infos)
    head += b"\0" * (-len(head) % ALIGNMENT)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + data_bytes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output")
    parser.add_argument("--model", choices=sorted(MODELS), help="sizes to begin with")
    for name, value in vars(Sizes()).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value))
    arguments = vars(parser.parse_args())
    output, model = arguments.pop("output"), arguments.pop("model")
    given = {name: value for name, value in arguments.items() if value is not None}
    make(output, replace(MODELS[model] if model else Sizes(), **given))


if __name__ == "__main__":
    main()
