# SPDX-License-Identifier: Apache-2.0
"""Tiny models of the kinds in tests/models/kinds.py: the JIT of each is near the float32 forward, and the emulated
card is the JIT bit for bit. On the card are four that together have mixed formats in one step, heads of 32 and 128,
biases, a window, both pairings of RoPE and learned positions, one KV head and several, a tied and an untied head;
STREAMTENSOR_ALL_KINDS=1 takes all.
"""
import os

import numpy as np
import pytest

from programs import call, card_logits, chunked, jit_logits, same_bits, tiny_models, tokens_of

from kinds import KINDS

SEED = 13
ON_THE_CARD = KINDS if os.environ.get("STREAMTENSOR_ALL_KINDS") else ["k-quants", "qwen2", "mistral", "gpt2"]


@pytest.mark.parametrize("kind", KINDS)
def test_kind(tmp_path, kind):
    model, artifact = tmp_path / "tiny.gguf", tmp_path / "artifact"
    tiny_models.make(model, KINDS[kind])
    vocabulary = KINDS[kind].vocabulary
    tokens = tokens_of(45, SEED, vocabulary)
    # The second sequence makes steps of two; the first crosses a page.
    script, rows = chunked([tokens, tokens_of(9, SEED + 1, vocabulary)], [7, 1])
    jit = jit_logits(model, tmp_path, script)
    expected = tiny_models.forward(model, tokens)
    own = np.stack([row for row, (sequence, _) in zip(jit, rows) if sequence == 0])
    assert np.abs(own - expected).max() <= 0.06 * np.abs(expected).max()
    if kind in ON_THE_CARD:
        call("streamtensorc", "compile", model, "-o", artifact, "--isa", "x86-64-v3")
        assert same_bits(card_logits(artifact, tmp_path, script), jit)
