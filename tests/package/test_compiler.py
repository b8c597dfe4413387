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
    assert np.abs(y - expected).max() <= 1e-4 * np.abs(expected).max()
    for wrong, message in [(x.astype(np.complex128), "complex128"), (x[:0], "empty")]:
        with pytest.raises(ValueError, match=message):
            streamtensor.run(artifact, wrong)
    for wrong, message in [(x.astype(np.float64), "holds float64"), (x[:, :32], "rows of 64"), (x[None, None], "rows of 64")]:
        with pytest.raises(streamtensor.CompilerError, match=message):
            streamtensor.run(artifact, wrong)
    with pytest.raises(streamtensor.CompilerError, match="not the manifest"):
        streamtensor.run(tmp_path, x)


def test_integers_and_several_results(tmp_path):
    """Two results, of integers and of booleans, in the shapes of the module."""
    type_ = "tensor<2x3xi64>"
    (tmp_path / "double.mlir").write_text(f"""#id = affine_map<(i, j) -> (i, j)>
func.func @main(%x: {type_}) -> ({type_}, tensor<2x3xi1>) {{
  %zero = arith.constant 0 : i64
  %e = tensor.empty() : {type_}
  %b = tensor.empty() : tensor<2x3xi1>
  %y:2 = linalg.generic {{indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}}
      ins(%x : {type_}) outs(%e, %b : {type_}, tensor<2x3xi1>) {{
  ^bb0(%in: i64, %a: i64, %c: i1):
    %d = arith.addi %in, %in : i64
    %n = arith.cmpi slt, %in, %zero : i64
    linalg.yield %d, %n : i64, i1
  }} -> ({type_}, tensor<2x3xi1>)
  return %y#0, %y#1 : {type_}, tensor<2x3xi1>
}}
""")
    artifact = streamtensor.compile(tmp_path / "double.mlir", tmp_path / "artifact", isa="x86-64-v3")
    x = np.array([[1, -2, 1 << 40], [-(1 << 50), 0, 7]])
    doubled, negative = streamtensor.run(artifact, x)
    assert doubled.dtype == np.int64 and np.array_equal(doubled, 2 * x)
    assert negative.dtype == np.bool_ and np.array_equal(negative, x < 0)
    doubled, _ = streamtensor.run(artifact, np.stack([x, 3 * x, x]))  # samples
    assert np.array_equal(doubled, np.stack([2 * x, 6 * x, 2 * x]))


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
