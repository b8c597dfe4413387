# SPDX-License-Identifier: Apache-2.0
"""One model as a GGUF file and as Hugging Face folders of every form gives one design and the same weights, byte for
byte. A Llama doesn't, since GGUF's converters permute the rows that RoPE pairs, and with them the order of a sum: it
gives the same logits up to that. The daemon serves both with the same text."""
import sys

import numpy as np
import pytest

from programs import BIN, ROOT, call, chunked, jit_logits, same_bits, tiny_models, tokens_of

import make_tiny_gpt2
import make_tiny_llama
from kinds import KINDS

sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402

SEED = 17

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


@pytest.mark.parametrize("name", ["plain", "llama3", "linear"])
def test_llama_gives_the_same_tokens(tmp_path, name):
    options = make_tiny_llama.Options(seed=3, head_type="F32", **FLOATS) if name == "plain" else KINDS[name]
    tiny_models.make(tmp_path / "tiny.gguf", options)
    tiny_models.make_folder(tmp_path / "one", options)
    tiny_models.make_folder(tmp_path / "several", options, files=3, new_dialect=True)
    script, _ = chunked([tokens_of(45, SEED), tokens_of(9, SEED + 1)], [7, 1])
    gguf, one, several = (jit_logits(tmp_path / model, tmp_path, script) for model in ("tiny.gguf", "one", "several"))
    assert same_bits(one, several)
    assert np.abs(gguf - one).max() <= 0.01 * np.abs(gguf).max()
    assert np.array_equal(gguf.argmax(axis=-1), one.argmax(axis=-1))


def test_daemon_serves_a_folder(tmp_path):
    tiny_models.make(tmp_path / "gguf", MODELS["qwen2"])
    tiny_models.make_folder(tmp_path / "folder", MODELS["qwen2"])
    names = ["gguf", "folder"]
    cards = [{"driver": "emulated", "platform": "u55c", "index": index} for index in range(len(names))]
    models = [{"name": name, "source": str(tmp_path / name), "max_context": 128} for name in names]
    with Daemon(BIN, models, cards) as daemon:
        for name in names:
            daemon.wait_ready(name, timeout=600)

        def reply(name, prompt):
            request = daemon.pb.GenerateRequest(model=name, prompt=prompt)
            request.sampling.temperature = 0
            request.stopping.max_tokens = 24
            return daemon.stub.Generate(request)

        for prompt in ("the quick brown fox", "l'\u00e9t\u00e9, e\u0301t\u00e9: 1234 they'll\n\n", "one two three"):
            ours, theirs = (reply(name, prompt) for name in names)
            assert list(ours.token_ids) == list(theirs.token_ids) and ours.text == theirs.text, prompt
            assert len(ours.token_ids) > 4 and ours.usage == theirs.usage
