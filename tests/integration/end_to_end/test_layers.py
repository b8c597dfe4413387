# SPDX-License-Identifier: Apache-2.0
"""A model of any number of layers takes one path: one layer is no special case, and its loop stays."""
import json

import pytest

from programs import call, card_logits, chunked, jit_logits, make_llama, same_bits, tokens_of

SEED = 11


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers(tmp_path, layers):
    model = make_llama(tmp_path / "tiny.gguf", "--seed", SEED, "--layers", layers)
    artifact = tmp_path / "artifact"
    call("streamtensorc", "compile", model, "-o", artifact, "--isa", "x86-64-v3")
    assert json.loads((artifact / "manifest.json").read_text())["decoder"]["layers"] == layers
    script, _ = chunked([tokens_of(40, SEED), tokens_of(5, SEED + 1)], [7, 1])
    assert same_bits(card_logits(artifact, tmp_path, script), jit_logits(model, tmp_path, script))
