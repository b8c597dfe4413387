# SPDX-License-Identifier: Apache-2.0
"""Decoders as streamtensor.export_decoder() wrote them (tests/exported_decoders), made whole: the steps are committed, the
weights follow from seeds. Needs no PyTorch; scripts/make-exported-decoders makes the steps anew."""
import pathlib
import re
import shutil
import tempfile

import numpy as np

import make_tiny_gpt2
import make_tiny_llama
import tiny_models
from huggingface_folder import write_safetensors

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "exported_decoders"
SEED = 23
CONTEXT = 128
PROMPT = [int(token) for token in np.random.default_rng(SEED).integers(3, 380, 20)]
FLOATS = {"matrix_type": "F32", "embedding_type": "F32"}

# The tiny models of transformers' classes; "plain" is tests/models/plain_decoder.py.
OPTIONS = {
    "llama": make_tiny_llama.Options(seed=3, head_type="F32", context=CONTEXT, **FLOATS),
    "qwen2": make_tiny_llama.Options(architecture="qwen2", pre_tokenizer="qwen2", biases="qkv", context=CONTEXT, **FLOATS),
    "gpt2": make_tiny_gpt2.Options(seed=2, head_type="F32", final_bias=0.1, context=CONTEXT, **FLOATS),
}
NAMES = [*OPTIONS, "plain"]


def make_hugging_face_folder(name, folder):
    """The model's own folder, where it is one of transformers' classes; of a plain module one that has its tokenizer."""
    tiny_models.make_folder(folder, OPTIONS.get(name, OPTIONS["llama"]))


def rope_tables(options):
    """[context x head_dim / 2], as transformers computes them in float32."""
    exponents = np.arange(0, options.head_dim, 2, dtype=np.float32) / np.float32(options.head_dim)
    frequencies = np.float32(1) / np.float32(options.rope_base) ** exponents
    angles = np.arange(options.context, dtype=np.float32)[:, None] * frequencies[None].astype(np.float32)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def plain_weights(shapes):
    """{name: values} for the parameters of the plain module, of `shapes` by name; each from its own name."""
    weights = {}
    for name, shape in shapes.items():
        rng = np.random.default_rng([SEED, *name.encode()])
        values = rng.standard_normal(shape).astype(np.float32)
        if len(shape) == 1:
            values = values * np.float32(0.2) + np.float32(name.endswith("weight"))
        elif "query" in name or "key" in name:
            values = values * np.float32(2 / shape[1] ** 0.5)
        elif "embedding" not in name:
            values = values / np.float32(shape[1] ** 0.5)
        weights[name] = values.astype(np.float32)
    return weights


def weight_shapes(step):
    """{name: shape} of the weights that a step.mlir reads."""
    text = pathlib.Path(step).read_text()
    found = re.findall(r'tensor<([0-9x]+)xf32> \{streamtensor\.weight = "([^"]+)"\}', text)
    return {name: tuple(map(int, shape.split("x"))) for shape, name in found}


def _hugging_face_weights(name):
    with tempfile.TemporaryDirectory() as scratch:
        make_hugging_face_folder(name, scratch)
        raw = (pathlib.Path(scratch) / "model.safetensors").read_bytes()
    import json
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + size])
    weights = {}
    for tensor, entry in header.items():
        if tensor != "__metadata__":
            start, end = entry["data_offsets"]
            weights[tensor] = np.frombuffer(raw[8 + size + start:8 + size + end], "<f4").reshape(entry["shape"])
    if name in OPTIONS and hasattr(OPTIONS[name], "rope_base"):
        weights["model.rotary_emb.cos"], weights["model.rotary_emb.sin"] = rope_tables(OPTIONS[name])
    return weights


def weights_of(name):
    shapes = weight_shapes(FIXTURES / name / "step.mlir")
    weights = plain_weights(shapes) if name == "plain" else _hugging_face_weights(name)
    assert all(weights[tensor].shape == shape for tensor, shape in shapes.items())
    return {tensor: weights[tensor] for tensor in shapes}


def make_folder(name, folder):
    """What export_decoder() writes for this model."""
    folder = pathlib.Path(folder)
    make_hugging_face_folder(name, folder)
    for other in ("config.json", "model.safetensors"):
        (folder / other).unlink()
    for file in ("step.mlir", "decoder.json"):
        shutil.copyfile(FIXTURES / name / file, folder / file)
    write_safetensors(folder / "model.safetensors", [(tensor, "F32", values) for tensor, values in weights_of(name).items()])
    return folder


def torch_logits(name):
    """[len(PROMPT) x vocabulary] of PyTorch itself."""
    return np.load(FIXTURES / name / "logits.npy")
