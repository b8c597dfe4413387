# SPDX-License-Identifier: Apache-2.0
"""Writes folders as Hugging Face's libraries save a model: config.json, safetensors, tokenizer.json. For tests."""
import json
import pathlib
import struct

from tensor_types import encode

WEIGHTS = "model.safetensors"


def write_safetensors(path, tensors, metadata=None):
    """`tensors`: (name, type name, array): F32, F16 or BF16."""
    header, data = {}, bytearray()
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, type_name, values in tensors:
        raw = bytes(encode(values, type_name))
        header[name] = {"dtype": type_name, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_weights(folder, tensors, files=1):
    """One file, or several with an index, tensor by tensor in turn."""
    folder = pathlib.Path(folder)
    metadata = {"format": "pt"}
    if files == 1:
        write_safetensors(folder / WEIGHTS, tensors, metadata)
        return
    names = [f"model-{i + 1:05}-of-{files:05}.safetensors" for i in range(files)]
    for i, name in enumerate(names):
        write_safetensors(folder / name, tensors[i::files], metadata)
    index = {
        "metadata": {"total_size": sum(len(bytes(encode(values, kind))) for _, kind, values in tensors)},
        "weight_map": {name: names[i % files] for i, (name, _, _) in enumerate(tensors)},
    }
    write_json(folder / (WEIGHTS + ".index.json"), index)


def write_json(path, value):
    pathlib.Path(path).write_text(json.dumps(value, indent=2), encoding="utf-8")


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def byte_level(use_regex=True):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


# How text is split into words, by the name that GGUF has for it.
LINE_WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
              r"\s+(?!\S)|\s+")
PRE_TOKENIZERS = {
    "gpt-2": byte_level(),
    "smollm": sequence({"type": "Digits", "individual_digits": True}, byte_level()),
    "llama-bpe": sequence(split(LINE_WORDS % "{1,3}"), byte_level(use_regex=False)),
    "qwen2": sequence(split(LINE_WORDS % ""), byte_level(use_regex=False)),
}


def tokenizer_json(pieces, merges, special, pre_tokenizer):
    """The content of tokenizer.json. `pieces` by id, of which those in `special` are added tokens; `merges`: pairs;
    `pre_tokenizer`: a name of PRE_TOKENIZERS."""
    added = [{"id": pieces.index(piece), "content": piece, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for piece in special]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"} if pre_tokenizer == "qwen2" else None,
        "pre_tokenizer": PRE_TOKENIZERS[pre_tokenizer],
        "post_processor": None,
        "decoder": byte_level(),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": pre_tokenizer == "llama-bpe",
            "vocab": {piece: i for i, piece in enumerate(pieces) if piece not in special},
            "merges": [list(merge) for merge in merges],
        },
    }


def write_folder(folder, config, tensors, tokenizer, tokenizer_config, files=1):
    """`config`, `tokenizer` and `tokenizer_config`: contents of the JSON files; `tensors`: as write_safetensors()."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(folder / "tokenizer_config.json", tokenizer_config)
    write_weights(folder, tensors, files)
