# SPDX-License-Identifier: Apache-2.0
"""compile() and run() through the real programs, and what they refuse."""

import numpy as np
import pytest

import make_tiny_mlp
import streamtensor

pytestmark = pytest.mark.usefixtures("compiler")


def test_module_compiled_and_run(tmp_path):
    weights = make_tiny_mlp.weights()
    (tmp_path / "mlp.mlir").write_text(make_tiny_mlp.module_text(weights))
    artifact = streamtensor.compile(tmp_path / "mlp.mlir", tmp_path / "a, b", isa="x86-64-v3", step_tokens=8)
    x = np.random.default_rng(4).standard_normal((20, 64)).astype(np.float32)
    expected = make_tiny_mlp.forward(weights, x)
    y = streamtensor.run(artifact, x)
    assert y.shape == x.shape and y.dtype == np.float32
    assert np.abs(y - expected).max() <= 0.05 * np.abs(expected).max()
    for wrong, message in [(x.astype(np.float64), "float64"), (x[None], "shape"), (x[:0], "empty")]:
        with pytest.raises(ValueError, match=message):
            streamtensor.run(artifact, wrong)
    with pytest.raises(streamtensor.CompilerError, match="rows of 64"):
        streamtensor.run(artifact, x[:, :32])


def test_what_the_compiler_says_is_raised(tmp_path):
    (tmp_path / "-bad.mlir").write_text("module { func.func @main( }")
    with pytest.raises(streamtensor.CompilerError, match="bad.mlir") as caught:
        streamtensor.compile(tmp_path / "-bad.mlir", tmp_path / "out")
    assert caught.value.exit_code == 1
    with pytest.raises(streamtensor.CompilerError) as caught:
        streamtensor.compile(tmp_path / "-bad.mlir", tmp_path / "out", no_such_option=1)
    assert caught.value.exit_code == 2


def test_a_missing_compiler_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMTENSOR_COMPILER", str(tmp_path / "none"))
    with pytest.raises(streamtensor.CompilerError, match="which is not a program"):
        streamtensor.compile("m.mlir", tmp_path / "out")
