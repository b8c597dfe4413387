# SPDX-License-Identifier: Apache-2.0
"""SmolLM2 built plain (the text the card is built from) and fast, and with the two instruction sets: equal tokens and
equal logits, bit for bit, over a prompt and 32 greedy tokens."""
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


def test_all_builds_agree(folder, monkeypatch):
    produced, logits = [], []
    artifact = folder / "artifact"

    def run():
        produced.append(call("streamtensorc", "run", artifact, "--tokens", PROMPT, "--steps", TOKENS, "--logits",
                             folder / "logits.npy").split())
        logits.append(np.load(folder / "logits.npy"))

    for options in ([], ["--plain"]):
        call("streamtensorc", "compile", MODEL, "-o", artifact, *options)
        run()  # the best set that this CPU has
        if not options:
            monkeypatch.setenv("STREAMTENSOR_ISA", "x86-64-v3")
            run()
            monkeypatch.delenv("STREAMTENSOR_ISA")
    print(f"{logits[0].shape[0]} rows of logits; tokens: {' '.join(produced[0])}")
    assert logits[0].shape[0] == len(PROMPT.split()) + TOKENS - 1
    assert len(produced[0]) == TOKENS and len(set(produced[0])) > 8, "hardly any text"
    assert all(tokens == produced[0] for tokens in produced)
    assert all(same_bits(rows, logits[0]) for rows in logits)
