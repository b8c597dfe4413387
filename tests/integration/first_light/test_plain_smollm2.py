# SPDX-License-Identifier: Apache-2.0
"""SmolLM2 built plain (the text the card is built from) and fast: equal tokens and equal logits, bit for bit,
over a prompt and 32 greedy tokens."""
import os
import shutil

import numpy as np
import pytest

from programs import call, same_bits

MODEL = os.environ.get("STREAMTENSOR_TEST_MODEL")
PROMPT = "504 4424 282 260 4838 5517 351 253 1165 3313 335 260 1029 30 504 2028"  # English, one step of 16
TOKENS = 32


@pytest.fixture()
def folder(tmp_path):
    yield tmp_path
    shutil.rmtree(tmp_path)  # two artifacts of 110 MB


def test_plain_and_fast_agree(folder):
    produced, logits = [], []
    for options in ([], ["--plain"]):
        artifact = folder / "artifact"
        call("streamtensorc", "compile", MODEL, "-o", artifact, *options)
        produced.append(call("streamtensorc", "run", artifact, "--tokens", PROMPT, "--steps", TOKENS, "--logits",
                             folder / "logits.npy").split())
        logits.append(np.load(folder / "logits.npy"))
    print(f"{logits[0].shape[0]} rows of logits; tokens: {' '.join(produced[0])}")
    assert logits[0].shape[0] == len(PROMPT.split()) + TOKENS - 1
    assert len(produced[0]) == TOKENS and len(set(produced[0])) > 8, "hardly any text"
    assert produced[0] == produced[1]
    assert same_bits(*logits)
