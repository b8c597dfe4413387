# SPDX-License-Identifier: Apache-2.0
"""Tiny Hugging Face folders: the logits that transformers computed for them (transformers/write_logits.py) are those of
our float32 forward, which the other tests rely on, and what we compile of the same folder is near them and continues a
prompt as it does."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "models"), str(HERE / "transformers")]
import tiny_models  # noqa: E402
from transformers_models import MODELS, PROMPT, STEPS  # noqa: E402

FORWARD_TOLERANCE = 1e-5  # of the largest logit: both compute in float32
TOLERANCE = 0.05


@pytest.fixture(params=MODELS)
def expected(request):
    """Name, tokens, transformers' logits, and what it continues the first tokens with."""
    stored = np.load(HERE / "transformers" / f"{request.param}.npz")
    return request.param, stored["tokens"].tolist(), stored["logits"], stored["reply"].tolist()


def distance(logits, expected):
    return np.abs(logits - expected).max() / np.abs(expected).max()


def test_forward(tmp_path, expected):
    name, tokens, logits, reply = expected
    tiny_models.make(tmp_path / "tiny.gguf", MODELS[name])
    assert distance(tiny_models.forward(tmp_path / "tiny.gguf", tokens), logits) < FORWARD_TOLERANCE
    greedy = tiny_models.forward(tmp_path / "tiny.gguf", tokens[:PROMPT] + reply)[PROMPT - 1:-1].argmax(axis=1)
    assert greedy.tolist() == reply


def compiled_logits(request, tmp_path, name, tokens):
    """What we compile of the folder, in steps of 16 tokens."""
    tiny_models.make_folder(tmp_path / "tiny", MODELS[name])
    steps = [{"tokens": [{"token_id": tokens[p], "slot": 0, "position": p, "start": begin, "wants_logits": True}
                         for p in range(begin, min(begin + 16, len(tokens)))], "page_tables": [[3, 1]]}
             for begin in range(0, len(tokens), 16)]
    (tmp_path / "steps.json").write_text(json.dumps({"pages": 4, "steps": steps}))
    program = pathlib.Path(request.config.getoption("--binary-dir")) / "streamtensor-reference"
    subprocess.run([program, tmp_path / "tiny", "--steps", tmp_path / "steps.json", "--logits", tmp_path / "logits.npy"],
                   check=True, timeout=120)
    return np.load(tmp_path / "logits.npy")


def test_compiled_folder(request, tmp_path, expected):
    name, tokens, logits, _ = expected
    assert distance(compiled_logits(request, tmp_path, name, tokens), logits) < TOLERANCE


def test_greedy_steps(request, tmp_path, expected):
    """Each the likeliest token, up to what the tolerance may change."""
    name, tokens, logits, reply = expected
    assert len(reply) == STEPS
    ours = compiled_logits(request, tmp_path, name, tokens[:PROMPT] + reply)[PROMPT - 1:-1]
    for step, (row, token) in enumerate(zip(ours, reply)):
        assert row.max() - row[token] <= 2 * TOLERANCE * np.abs(logits).max(), f"step {step}"
    assert (ours.argmax(axis=1) == reply).sum() > STEPS / 2, "that most are equal is not by the tolerance"
