# SPDX-License-Identifier: Apache-2.0
"""Decoders written in PyTorch, as streamtensor.export_decoder() exports them (tests/exported_decoders): compiled from their
step in linalg and run on the emulated card. Against the JIT of the module bit for bit; against PyTorch's own logits on the
float weights; against the same weights compiled from their Hugging Face folder. The daemon serves them."""
import concurrent.futures
import re
import subprocess
import sys

import numpy as np
import pytest

from programs import BIN, ROOT, call, card_logits, chunked, jit_logits, same_bits, tokens_of

import exported_decoders

sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402

SEED = 11
PROMPT = exported_decoders.PROMPT
OF_TRANSFORMERS = list(exported_decoders.OPTIONS)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders as the exporter writes them, and as transformers does."""
    folder = tmp_path_factory.mktemp("exported")
    for name in exported_decoders.NAMES:
        exported_decoders.make_folder(name, folder / name)
    for name in OF_TRANSFORMERS:
        exported_decoders.make_hugging_face_folder(name, folder / f"{name}-folder")
    return folder


@pytest.mark.parametrize("name", exported_decoders.NAMES)
def test_is_the_jit_and_pytorch(tmp_path, models, name):
    call("streamtensorc", "compile", models / name, "-o", tmp_path / "artifact")
    script, rows = chunked([PROMPT, tokens_of(45, SEED)], [7, 3])
    card, jit = card_logits(tmp_path / "artifact", tmp_path, script), jit_logits(models / name, tmp_path, script)
    assert same_bits(card, jit), np.abs(card - jit).max()
    ours = card[[i for i, (sequence, _) in enumerate(rows) if sequence == 0]]
    torch = exported_decoders.torch_logits(name)
    # Weights and activations are INT8, K and V float16.
    assert np.abs(ours - torch).max() < 0.05 * np.abs(torch).max()


@pytest.mark.parametrize("name", OF_TRANSFORMERS)
def test_is_the_folder(tmp_path, models, name):
    """Both paths quantise the same weights alike; they differ where PyTorch divides and we multiply, and in RoPE's float32."""
    script, _ = chunked([PROMPT, tokens_of(45, SEED)], [7, 3])
    exported, folder = (jit_logits(models / kind, tmp_path, script) for kind in (name, f"{name}-folder"))
    assert np.abs(exported - folder).max() <= 0.01 * np.abs(folder).max()
    assert np.array_equal(exported.argmax(axis=-1), folder.argmax(axis=-1))


def greedy(daemon, model, prompt):
    request = daemon.pb.GenerateRequest(model=model, prompt=prompt)
    request.sampling.temperature = 0
    request.stopping.max_tokens = 12
    request.stopping.ignore_eos = True
    return [token for reply in daemon.stub.GenerateStream(request) for token in reply.token_ids]


@pytest.mark.parametrize("name", OF_TRANSFORMERS)
def test_daemon_streams_what_the_folder_gives(models, name):
    """32 streams at once of the exported decoder, each with the tokens of the folder's design."""
    prompts = [f"{word} {i}" for i in range(8) for word in ("the quick", "one two", "l'\u00e9t\u00e9", "12 34")]
    kinds = [name, f"{name}-folder"]
    cards = [{"driver": "emulated", "platform": "u55c", "index": index} for index in range(2)]
    entries = [{"name": kind, "source": str(models / kind), "max_context": 96} for kind in kinds]
    with Daemon(BIN, entries, cards) as daemon:
        for kind in kinds:
            daemon.wait_ready(kind, timeout=900)
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            exported, folder = (list(pool.map(lambda prompt, kind=kind: greedy(daemon, kind, prompt), prompts)) for kind in kinds)
    assert exported == folder
    assert all(len(tokens) == 12 for tokens in exported) and len({tuple(tokens) for tokens in exported}) > 4


def refusal(folder):
    done = subprocess.run([str(BIN / "streamtensorc"), "compile", str(folder), "-o", str(folder / "artifact"), "--target", "hw"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("pattern, replacement, expected", [
    (r'(func\.func @main\(.*?)streamtensor\.input = "ids"', r'\1streamtensor.input = "tokens"', "an input named 'tokens'"),
    (r"math\.tanh", "math.erf", "layers are not alike"),  # of the first layer alone
    (r"call @streamtensor_layer\((%\w+), %c1_i64\)", r"call @streamtensor_layer(\1, %c2_i64)", "markers 0, 1, 2"),
    (r"return (%\w+), (%\w+), (%\w+)", r"return \1, \3, \2", "as k_new of layer 0"),
    (r"blocks\.1\.up\.weight", "block1.up.weight", "blocks.0.up.weight"),
    (r'streamtensor\.weight = "head\.weight"', 'streamtensor.weight = "other"', "other"),
    (r"return .*", "return", "'func.return' op has 0 operands"),
])
def test_what_cannot_be_compiled_is_named(tmp_path, pattern, replacement, expected):
    folder = exported_decoders.make_folder("plain", tmp_path / "plain")
    text = (folder / "step.mlir").read_text()
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL if "main" in pattern else 0)
    assert count == 1 and changed != text
    (folder / "step.mlir").write_text(changed)
    assert expected in refusal(folder)


@pytest.mark.parametrize("description, expected", [
    ('{"format": "other", "version": 1, "context": 128, "model_type": "module"}', "format is 'other'"),
    ('{"format": "streamtensor-decoder", "version": 2, "context": 128, "model_type": "module"}', "version is 2"),
    ('{"format": "streamtensor-decoder", "version": 1, "context": 129, "model_type": "module"}', "context is 129; expected 1 to 128"),
    ('{"format": "streamtensor-decoder", "version": 1, "model_type": "module"}', "context"),
    ("[]", "object"),
])
def test_description_is_checked(tmp_path, description, expected):
    folder = exported_decoders.make_folder("plain", tmp_path / "plain")
    (folder / "decoder.json").write_text(description)
    assert expected in refusal(folder)


def test_mutated_steps_end_in_a_message(tmp_path):
    """Lines dropped, doubled and swapped, numbers changed: compiled or refused, never a crash."""
    folder = exported_decoders.make_folder("llama", tmp_path / "llama")
    lines = (folder / "step.mlir").read_text().splitlines()
    rng = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    for _ in range(60):
        mutant = list(lines)
        at, other = rng.integers(12, len(lines) - 3, 2)
        kind = rng.integers(4)
        if kind == 0:
            del mutant[at]
        elif kind == 1:
            mutant.insert(other, mutant[at])
        elif kind == 2:
            mutant[at], mutant[other] = mutant[other], mutant[at]
        else:
            mutant[at] = re.sub(r"\d+", lambda _: str(rng.integers(0, 70)), mutant[at], count=int(rng.integers(1, 4)))
        (folder / "step.mlir").write_text("\n".join(mutant))
        done = subprocess.run([str(BIN / "streamtensorc"), "compile", str(folder), "-o", str(tmp_path / "out"), "--target", "hw"],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, 1), (kind, at, other, done.stderr[-2000:])
