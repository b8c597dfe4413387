# SPDX-License-Identifier: Apache-2.0
"""Tiny models of every kind: llama.cpp, by its own loader, computes what numpy does from the definition.

numpy keeps everything in float32. llama.cpp has a KV cache of float16 and, for weights of fewer bits than
16, activations of 8 bits by groups of 32 or 256. So models of F32 must agree within 0.3 % of the largest logit, and
those of fewer bits within 6 %, which is still far from what a misread block, bias or angle does
(tests/models/models_test.py). Our own programs are held against numpy in tests/reference and
tests/integration/end_to_end.
"""

import dataclasses
import pathlib
import sys

import numpy as np
import pytest

from llama_cpp_process import LlamaCpp

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "models"))

import make_tiny_llama  # noqa: E402
import tiny_models  # noqa: E402
from kinds import KINDS  # noqa: E402
from tensor_types import TYPES  # noqa: E402

SEED = 7
F32_TOLERANCE = 0.003
TOLERANCE = 0.06
TOKENS = 48


@pytest.fixture(scope="module")
def llama_cpp():
    print("seed", SEED)
    with LlamaCpp(TOKENS) as peer:
        yield peer


def distance(peer, folder, options):
    """Of llama.cpp's logits from numpy's, in parts of the largest; and where the likeliest tokens differ, how far
    apart numpy has them."""
    path = str(folder / "tiny.gguf")
    tiny_models.make(path, options)
    ids = [int(i) for i in np.random.default_rng(SEED).integers(3, options.vocabulary, TOKENS)]
    wanted = tiny_models.forward(path, ids)
    assert peer.ask(model=path) == {"vocabulary": options.vocabulary}
    got = np.asarray(peer.ask(logits=ids)["logits"])
    assert got.shape == wanted.shape
    largest = np.abs(wanted).max()
    positions = np.arange(TOKENS)
    gaps = wanted.max(axis=1) - wanted[positions, got.argmax(axis=1)]
    return np.abs(got - wanted).max() / largest, gaps.max() / largest


# To llama.cpp a Mistral is a Llama, without its window. It has no OPT.
KNOWN = [kind for kind in KINDS if kind != "mistral" and not kind.startswith("opt")]


@pytest.mark.parametrize("kind", KNOWN)
def test_kind(llama_cpp, tmp_path, kind):
    off, tie = distance(llama_cpp, tmp_path, KINDS[kind])
    assert off < TOLERANCE
    assert tie < TOLERANCE


@pytest.mark.parametrize("kind", KNOWN)
def test_kind_in_full_precision(llama_cpp, tmp_path, kind):
    """Nothing but the graph and the angles is left to differ."""
    head = "F32" if KINDS[kind].head_type else ""
    options = dataclasses.replace(KINDS[kind], matrix_type="F32", embedding_type="F32", head_type=head, types={})
    off, tie = distance(llama_cpp, tmp_path, options)
    assert off < F32_TOLERANCE
    assert tie < F32_TOLERANCE


@pytest.mark.parametrize("name", TYPES)
def test_type(llama_cpp, tmp_path, name):
    options = dict(hidden=256, inner=256, layers=1, head_dim=64, head_type="F32")
    # As embedding: llama.cpp takes rows as they are, so that every element is compared.
    off, _ = distance(llama_cpp, tmp_path, make_tiny_llama.Options(embedding_type=name, matrix_type="F32", **options))
    assert off < F32_TOLERANCE
    off, _ = distance(llama_cpp, tmp_path, make_tiny_llama.Options(embedding_type="F32", matrix_type=name, **options))
    assert off < TOLERANCE
