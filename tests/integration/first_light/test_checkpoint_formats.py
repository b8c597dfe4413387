# SPDX-License-Identifier: Apache-2.0
"""One model as a GGUF file and as Hugging Face folders of every form gives one design and the same weights, byte for
byte. (A Llama doesn't: GGUF's converters permute the rows that RoPE pairs.)"""
import pytest

from programs import call, tiny_models

import make_tiny_gpt2
import make_tiny_llama

FLOATS = {"matrix_type": "F32", "embedding_type": "F32"}
MODELS = {
    "gpt2": make_tiny_gpt2.Options(**FLOATS),
    "qwen2": make_tiny_llama.Options(architecture="qwen2", pre_tokenizer="qwen2", biases="qkv", head_type="BF16", **FLOATS),
}
FORMS = [
    ("gpt2", {}),
    ("gpt2", {"prefix": "", "buffers": True}),  # as the first files on the hub are
    ("gpt2", {"files": 3}),
    ("qwen2", {}),
    ("qwen2", {"new_dialect": True, "files": 2}),
]


def sources(model, artifact):
    call("streamtensorc", "compile", model, "-o", artifact, "--target", "hw")  # no build
    return [(artifact / name).read_bytes() for name in ("hls/design.cpp", "hls/connectivity.cfg", "weights.bin")]


@pytest.fixture(scope="module")
def of_gguf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    designs = {}
    for name, options in MODELS.items():
        tiny_models.make(folder / f"{name}.gguf", options)
        designs[name] = sources(folder / f"{name}.gguf", folder / name)
    return designs


@pytest.mark.parametrize("name, form", FORMS)
def test_same_design(tmp_path, of_gguf, name, form):
    tiny_models.make_folder(tmp_path / "tiny", MODELS[name], **form)
    assert sources(tmp_path / "tiny", tmp_path / "artifact") == of_gguf[name]
