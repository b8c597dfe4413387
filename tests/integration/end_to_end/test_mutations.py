# SPDX-License-Identifier: Apache-2.0
"""Graphs that are not the model's: each is noticed by the float32 forward, and the card runs each as its
own JIT does. So the card runs what the IR says, not a model known to it."""
import os

import numpy as np
import pytest

from programs import call, card_logits, chunked, jit_logits, same_bits, tiny_models, tokens_of

import make_tiny_gpt2
import make_tiny_llama
import make_tiny_opt

MODELS = {"llama": make_tiny_llama.Options(seed=5), "qwen3": make_tiny_llama.Options(architecture="qwen3", pre_tokenizer="qwen2", head_dim=32, seed=5),
          "mistral": make_tiny_llama.Options(architecture="mistral", window=21, seed=5),
          "gemma3": make_tiny_llama.Options(architecture="gemma3", layers=3, window=21, window_period=2, head_dim=32, rope_base=1e6, seed=5),
          "phi3": make_tiny_llama.Options(architecture="phi3", window=21, seed=5),
          "gpt2": make_tiny_gpt2.Options(seed=5), "opt": make_tiny_opt.Options(seed=5)}
ANY = ["mask-off-by-one", "page-slip", "kv-heads-reversed", "attention-scale", "keys-from-values", "attn-norm-weight",
       "ffn-norm-weight", "norm-sum", "norm-kind", "no-final-norm", "no-attn-residual", "no-ffn-residual",
       "no-activation"]
# tests/compiler/frontend/architectures holds each architecture to the ones that change its graph.
MUTATIONS = {
    "llama": ANY + ["no-rope", "rope-pairs", "query-position", "gate-up-swapped"],
    "qwen3": ["no-head-norms", "head-norm-of-all-heads", "no-rope", "rope-pairs", "query-position"],
    "mistral": ["no-window", "window-off-by-one", "window-in-one-layer", "mask-off-by-one"],
    "gemma3": ["one-rope", "ropes-swapped", "no-branch-norms", "no-embedding-scale", "no-window", "other-activation",
               "no-head-norms"],
    "phi3": ["gate-up-swapped", "keys-from-values", "rope-pairs", "no-window"],
    "gpt2": ANY + ["learned-position", "no-learned-positions", "no-attention-biases", "no-ffn-biases", "no-norm-biases",
                   "other-activation"],
    "opt": ["learned-position", "no-learned-positions", "no-attention-biases", "no-ffn-biases", "no-norm-biases", "no-activation",
            "other-activation", "keys-from-values"],
}
# On the card of the second model what the first can't show, unless all are asked for.
JIT_ALONE = set() if os.environ.get("STREAMTENSOR_ALL_KINDS") else {
    ("gpt2", mutation) for mutation in ANY} | {("opt", mutation) for mutation in MUTATIONS["opt"]}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutations")
    for name, options in MODELS.items():
        tiny_models.make(folder / f"{name}.gguf", options)
    return folder


@pytest.mark.parametrize("name, mutation", [(name, each) for name in MODELS for each in MUTATIONS[name]])
def test_mutant(tmp_path, models, name, mutation):
    model = models / f"{name}.gguf"
    tokens = tokens_of(100, 8, MODELS[name].vocabulary)
    script, _ = chunked([tokens], [16])
    jit = jit_logits(model, tmp_path, script, "--mutation", mutation)
    expected = tiny_models.forward(model, tokens)
    assert not np.abs(jit - expected).max() <= 0.05 * np.abs(expected).max()
    if (name, mutation) not in JIT_ALONE:
        call("streamtensor-mutant", model, tmp_path / "artifact", mutation)
        card = card_logits(tmp_path / "artifact", tmp_path, script)
        assert same_bits(card, jit), np.abs(card - jit).max()
