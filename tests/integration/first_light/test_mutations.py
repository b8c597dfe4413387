# SPDX-License-Identifier: Apache-2.0
"""Graphs that are not the model's: each is noticed by the float32 forward, and the card runs each as its
own JIT does. So the card runs what the IR says, not a Llama known to it."""
import numpy as np
import pytest

from programs import call, card_logits, chunked, jit_logits, make_llama, numpy_llama, same_bits, tokens_of

MUTATIONS = [
    "mask-off-by-one", "no-rope", "rope-pairs", "query-position", "gate-up-swapped", "no-activation", "page-slip",
    "kv-heads-reversed", "attention-scale", "attn-norm-weight", "ffn-norm-weight", "norm-sum", "no-attn-residual",
    "no-ffn-residual", "keys-from-values", "no-final-norm"
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_llama(tmp_path_factory.mktemp("mutations") / "tiny.gguf", "--seed", 5)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_mutant(tmp_path, model, mutation):
    call("streamtensor-mutant", model, tmp_path / "artifact", mutation)
    tokens = tokens_of(100, 8)
    script, _ = chunked([tokens], [16])
    card = card_logits(tmp_path / "artifact", tmp_path, script)
    jit = jit_logits(model, tmp_path, script, "--mutation", mutation)
    assert same_bits(card, jit), np.abs(card - jit).max()
    expected = numpy_llama.forward(numpy_llama.Model(model), tokens)
    assert not np.abs(card - expected).max() <= 0.05 * np.abs(expected).max()
