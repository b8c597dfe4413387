#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a tiny Llama with random weights as a GGUF file (version 3), for tests.

Everything about it follows from the options and the seed. Its attention is peaked: scores spread
widely, so that a wrong mask, position or page shows in the logits. Its tokenizer is a byte-level BPE
trained on a few lines of English.
"""
import argparse
import struct
from dataclasses import dataclass, field

import numpy as np

F32, Q4_0, Q4_1, Q8_0 = 0, 2, 3, 8
TYPES = {"F32": F32, "Q4_0": Q4_0, "Q4_1": Q4_1, "Q8_0": Q8_0}
ALIGNMENT = 32

SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% endif %}")
CORPUS = """the quick brown fox jumps over the lazy dog and then the other dog runs after it
a compiler turns a model into a stream of data and the stream into a design that a card can run
there is nothing in the world that a little time and a little thought can not make a little better
when the rain came down in the morning the people of the town went back into their houses
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
she said that he had read the letter and that they should answer it before the end of the day
""" * 2


@dataclass
class Options:
    seed: int = 1
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
    rms_epsilon: float = 1e-5
    alignment: int = ALIGNMENT
    # Tensor name -> type, where one tensor shall differ from the others.
    types: dict = field(default_factory=dict)


# ---- tokenizer ------------------------------------------------------------------------------------


def byte_alphabet():
    """The printable character that stands for each byte in a byte-level vocabulary."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(256 + len(letters) - len(printable))
    return [letters[byte] for byte in range(256)]


def train_bpe(text, count):
    """The `count` most frequent merges, one after another; ties go to the alphabetically first."""
    letters = byte_alphabet()
    words = {}
    for line in text.splitlines():
        for i, word in enumerate(line.split(" ")):
            spelled = tuple(letters[b] for b in ((" " if i else "") + word).encode())
            words[spelled] = words.get(spelled, 0) + 1
    merges = []
    while len(merges) < count:
        pairs = {}
        for word, number in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + number
        if not pairs:
            raise SystemExit(f"the corpus has only {len(merges)} merges, {count} are wanted")
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        joined = {}
        for word, number in words.items():
            out, i = [], 0
            while i < len(word):
                if word[i:i + 2] == best:
                    out.append(word[i] + word[i + 1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            joined[tuple(out)] = joined.get(tuple(out), 0) + number
        words = joined
    return merges


# ---- quantisation ---------------------------------------------------------------------------------


def pack_nibbles(q):
    """Element i in the low half of byte i, element i + 16 in the high half."""
    q = q.astype(np.uint8)
    return q[:, :16] | (q[:, 16:] << 4)


def quantise(values, type_name):
    """Bytes of a matrix whose rows are a multiple of 32 elements (F32: any)."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    if type_name == "F32":
        return values.tobytes()
    blocks = values.reshape(-1, 32)
    if type_name == "Q8_0":
        d = (np.abs(blocks).max(axis=1) / 127).astype(np.float16)
        scale = d.astype(np.float32)[:, None]
        q = np.where(scale > 0, np.rint(blocks / np.where(scale > 0, scale, 1)), 0)
        q = np.clip(q, -127, 127).astype(np.int8)
        return np.concatenate([d[:, None].view(np.uint8), q.view(np.uint8)], axis=1).tobytes()
    if type_name == "Q4_1":
        low = blocks.min(axis=1)
        d = ((blocks.max(axis=1) - low) / 15).astype(np.float16)
        m = low.astype(np.float16)
        scale = d.astype(np.float32)[:, None]
        q = np.rint((blocks - m.astype(np.float32)[:, None]) / np.where(scale > 0, scale, 1))
        q = np.clip(q, 0, 15)
        return np.concatenate([d[:, None].view(np.uint8), m[:, None].view(np.uint8), pack_nibbles(q)],
                              axis=1).tobytes()
    if type_name == "Q4_0":
        extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)[:, 0]
        d = (extreme / -8).astype(np.float16)
        scale = d.astype(np.float32)[:, None]
        q = np.clip(np.rint(blocks / np.where(scale != 0, scale, 1)) + 8, 0, 15)
        return np.concatenate([d[:, None].view(np.uint8), pack_nibbles(q)], axis=1).tobytes()
    raise SystemExit(f"unknown tensor type '{type_name}': {', '.join(TYPES)} can be written")


# ---- GGUF -----------------------------------------------------------------------------------------


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def entry(key, value):
    """One metadata entry; the Python type chooses the GGUF type."""
    head = text(key)
    if isinstance(value, bool):
        return head + struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return head + struct.pack("<II", 4, value)
    if isinstance(value, float):
        return head + struct.pack("<If", 6, value)
    if isinstance(value, str):
        return head + struct.pack("<I", 8) + text(value)
    if isinstance(value[0], str):
        return head + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    return head + struct.pack("<IIQ", 9, 5, len(value)) + np.asarray(value, dtype="<i4").tobytes()


def write_gguf(path, metadata, tensors, alignment=ALIGNMENT):
    """`tensors`: (name, type name, array), rows first."""
    infos, data = [], bytearray()
    for name, type_name, values in tensors:
        data += b"\0" * (-len(data) % alignment)
        dims = values.shape[::-1]
        infos.append(
            text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims) +
            struct.pack("<IQ", TYPES[type_name], len(data)))
        data += quantise(values, type_name)
    entries = b"".join(entry(key, value) for key, value in metadata.items())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + entries + b"".join(infos)
    head += b"\0" * (-len(head) % alignment)
    with open(path, "wb") as file:
        file.write(head + data)


# ---- the model ------------------------------------------------------------------------------------


def metadata_of(options):
    letters = byte_alphabet()
    merges = train_bpe(CORPUS, options.vocabulary - 256 - len(SPECIAL_TOKENS))
    tokens = SPECIAL_TOKENS + letters + [left + right for left, right in merges]
    metadata = {
        "general.architecture": "llama",
        "general.type": "model",
        "general.name": "tiny",
        "llama.block_count": options.layers,
        "llama.context_length": options.context,
        "llama.embedding_length": options.hidden,
        "llama.feed_forward_length": options.inner,
        "llama.attention.head_count": options.heads,
        "llama.attention.head_count_kv": options.kv_heads,
        "llama.attention.key_length": options.head_dim,
        "llama.attention.value_length": options.head_dim,
        "llama.rope.dimension_count": options.head_dim,
        "llama.rope.freq_base": options.rope_base,
        "llama.attention.layer_norm_rms_epsilon": options.rms_epsilon,
        "llama.vocab_size": options.vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3] * len(SPECIAL_TOKENS) + [1] * (len(tokens) - len(SPECIAL_TOKENS)),
        "tokenizer.ggml.merges": [f"{left} {right}" for left, right in merges],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.padding_token_id": 2,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }
    if options.alignment != ALIGNMENT:
        metadata["general.alignment"] = options.alignment
    return metadata


def tensors_of(options):
    rng = np.random.default_rng(options.seed)
    query, kv = options.heads * options.head_dim, options.kv_heads * options.head_dim
    sharpness = options.peak**0.5

    def matrix(name, type_name, rows, columns, gain=1.0):
        values = rng.standard_normal((rows, columns)) * (gain / columns**0.5)
        return name, options.types.get(name, type_name), values.astype(np.float32)

    def norm(name):
        # Far from 1, so that a norm without its weight shows.
        return name, "F32", rng.uniform(0.25, 1.75, options.hidden).astype(np.float32)

    # Rows of unit size, like the residual that they start.
    rows = rng.standard_normal((options.vocabulary, options.hidden)).astype(np.float32)
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
    tensors.append(norm("output_norm.weight"))
    if options.head_type:
        tensors.append(matrix("output.weight", options.head_type, options.vocabulary, options.hidden, 2.0))
    return tensors


def make(path, options):
    if options.vocabulary < 256 + len(SPECIAL_TOKENS):
        raise SystemExit(f"a vocabulary of {options.vocabulary} is too small: {256 + len(SPECIAL_TOKENS)} at least")
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
