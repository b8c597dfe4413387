# SPDX-License-Identifier: Apache-2.0
"""One artifact, each instruction set it is built for and a second thread: equal logits, bit for bit, for every step
size."""
import os
import pathlib
import subprocess

import numpy as np
import pytest

from programs import BIN, call, card_logits, chunked, make_llama, same_bits, tokens_of

# What the CPU must have: names as in /proc/cpuinfo.
SETS = {
    "x86-64-v3": {"avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"},
    "x86-64-v4-vnni": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni"},
}
FLAGS = next(set(line.split()) for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("flags"))


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("isa")
    model = make_llama(folder / "tiny.gguf")
    call("streamtensorc", "compile", model, "-o", folder / "artifact")
    return folder / "artifact"


def sequences_for(step_tokens):
    """40 tokens alone in steps of `step_tokens`, while another sequence takes what room is left."""
    return chunked([tokens_of(40, seed=step_tokens), tokens_of(23, seed=100 + step_tokens)],
                   [step_tokens, min(5, 16 - step_tokens) or 1])[0]


@pytest.fixture(scope="module")
def baseline(artifact, tmp_path_factory):
    """Of the set that every host has."""
    os.environ["STREAMTENSOR_ISA"] = "x86-64-v3"
    folder = tmp_path_factory.mktemp("baseline")
    try:
        return {t: card_logits(artifact, folder, sequences_for(t)) for t in range(1, 17)}
    finally:
        del os.environ["STREAMTENSOR_ISA"]


@pytest.mark.parametrize("isa", [name for name in SETS if name != "x86-64-v3"])
def test_equal_bits(artifact, baseline, isa, tmp_path, monkeypatch):
    if missing := SETS[isa] - FLAGS:
        pytest.skip(f"this CPU can't run {isa}: it has no {', '.join(sorted(missing))}")
    monkeypatch.setenv("STREAMTENSOR_ISA", isa)
    for step_tokens, expected in baseline.items():
        logits = card_logits(artifact, tmp_path, sequences_for(step_tokens))
        assert np.isfinite(logits).all()
        assert same_bits(logits, expected), f"steps of {step_tokens} tokens"


@pytest.mark.parametrize("isa", SETS)
def test_equal_bits_on_two_threads(artifact, baseline, isa, tmp_path, monkeypatch):
    if missing := SETS[isa] - FLAGS:
        pytest.skip(f"this CPU can't run {isa}: it has no {', '.join(sorted(missing))}")
    monkeypatch.setenv("STREAMTENSOR_ISA", isa)
    for step_tokens, expected in baseline.items():
        logits = card_logits(artifact, tmp_path, sequences_for(step_tokens), "--threads", "2")
        assert same_bits(logits, expected), f"steps of {step_tokens} tokens"


def test_threads_are_of_emulated_cards(artifact):
    for options in (["--threads", "3"], ["--threads", "2", "--driver", "xrt"]):
        done = subprocess.run([BIN / "streamtensorc", "run", artifact, "--tokens", "1", *options], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 2 and "--threads" in done.stderr, done.stderr


def test_the_variable_forces(artifact):
    """Otherwise the comparison above would compare one set with itself."""
    done = subprocess.run([BIN / "streamtensorc", "run", artifact, "--tokens", "1"], capture_output=True, text=True,
                          env=os.environ | {"STREAMTENSOR_ISA": "sse2"}, timeout=60)
    assert done.returncode == 1
    assert f"the design is built for {', '.join(SETS)}" in done.stderr
