# SPDX-License-Identifier: Apache-2.0
"""A small module that is no Llama runs as its own JIT does, bit for bit, and as numpy does within 5 %."""
import numpy as np

from programs import call, make_tiny_mlp, same_bits


def test_mlp(tmp_path):
    weights = make_tiny_mlp.weights()
    module = tmp_path / "mlp.mlir"
    module.write_text(make_tiny_mlp.module_text(weights))
    call("streamtensorc", "compile", module, "-o", tmp_path / "artifact")
    x = np.random.default_rng(4).standard_normal((16, 64)).astype(np.float32)
    for rows in range(1, 17):
        np.save(tmp_path / "x.npy", x[:rows])
        call("streamtensorc", "run", tmp_path / "artifact", "--input", tmp_path / "x.npy", "--output",
             tmp_path / "y.npy")
        call("streamtensor-reference", module, "--input", f"input0={tmp_path}/x.npy", "--output", tmp_path / "jit")
        card, jit = np.load(tmp_path / "y.npy"), np.load(tmp_path / "jit.0.npy")
        assert same_bits(card, jit), rows
        expected = make_tiny_mlp.forward(weights, x[:rows])
        assert np.abs(card - expected).max() <= 0.05 * np.abs(expected).max()
