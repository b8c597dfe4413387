# SPDX-License-Identifier: Apache-2.0
"""Tiny Hugging Face folders: the logits that transformers computed for them (transformers/write_logits.py) are those of
our float32 forward, which the other tests rely on, and what we compile of the same folder is near them."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "models"), str(HERE / "transformers")]
import tiny_models  # noqa: E402
from transformers_models import MODELS  # noqa: E402

FORWARD_TOLERANCE = 1e-5  # of the largest logit: both compute in float32
TOLERANCE = 0.05


@pytest.fixture(params=MODELS)
def expected(request):
    """Name, tokens and transformers' logits."""
    stored = np.load(HERE / "transformers" / f"{request.param}.npz")
    return request.param, [int(token) for token in stored["tokens"]], stored["logits"]


def distance(logits, expected):
    return np.abs(logits - expected).max() / np.abs(expected).max()


def test_forward(tmp_path, expected):
    name, tokens, logits = expected
    tiny_models.make(tmp_path / "tiny.gguf", MODELS[name])
    assert distance(tiny_models.forward(tmp_path / "tiny.gguf", tokens), logits) < FORWARD_TOLERANCE


def test_compiled_folder(request, tmp_path, expected):
    name, tokens, logits = expected
    tiny_models.make_folder(tmp_path / "tiny", MODELS[name])
    steps = [{"tokens": [{"token_id": tokens[p], "slot": 0, "position": p, "start": begin, "wants_logits": True}
                         for p in range(begin, min(begin + 16, len(tokens)))], "page_tables": [[3, 1]]}
             for begin in range(0, len(tokens), 16)]
    (tmp_path / "steps.json").write_text(json.dumps({"pages": 4, "steps": steps}))
    program = pathlib.Path(request.config.getoption("--binary-dir")) / "streamtensor-reference"
    subprocess.run([program, tmp_path / "tiny", "--steps", tmp_path / "steps.json", "--logits", tmp_path / "logits.npy"],
                   check=True, timeout=120)
    assert distance(np.load(tmp_path / "logits.npy"), logits) < TOLERANCE
