# SPDX-License-Identifier: Apache-2.0
"""A small module that is no Llama: in its own types as numpy computes it, quantised as its own JIT does, bit for bit."""
import hashlib
import json
import re
import subprocess

import numpy as np

from programs import BIN, call, make_tiny_mlp, same_bits


def test_what_run_says(tmp_path):
    """Modelled cycles, time and energy, as for a decoder; and a folder in an array's place is no crash."""
    module = tmp_path / "mlp.mlir"
    module.write_text(make_tiny_mlp.module_text(make_tiny_mlp.weights()))
    call("streamtensorc", "compile", module, "-o", tmp_path / "artifact", "--isa", "x86-64-v3")
    np.save(tmp_path / "x.npy", np.ones((20, 64), dtype=np.float32))

    def run(array):
        return subprocess.run([BIN / "streamtensorc", "run", tmp_path / "artifact", "--input", array, "--output",
                               tmp_path / "y.npy"], capture_output=True, text=True, timeout=60)

    assert re.search(r"20 tokens in 2 steps; .*\(measured\); \d+ cycles, [\d.]+ ms, \d+ tokens/s, [\d.]+ J \(modelled\)",
                     run(tmp_path / "x.npy").stderr)
    refused = run(tmp_path)
    assert refused.returncode == 1 and refused.stderr.endswith(f"{tmp_path}: is a folder; a file is needed\n")


def test_inspect_looks_into_the_xclbin(tmp_path):
    """Though its size and hash are as the manifest says."""
    module, artifact = tmp_path / "mlp.mlir", tmp_path / "artifact"
    module.write_text(make_tiny_mlp.module_text(make_tiny_mlp.weights()))
    call("streamtensorc", "compile", module, "-o", artifact, "--isa", "x86-64-v3")
    call("streamtensorc", "inspect", artifact)
    (artifact / "design.xclbin").write_bytes(b"other")
    manifest = json.loads((artifact / "manifest.json").read_text())
    entry = next(file for file in manifest["files"] if file["name"] == "design.xclbin")
    entry["bytes"], entry["sha256"] = "5", hashlib.sha256(b"other").hexdigest()
    (artifact / "manifest.json").write_text(json.dumps(manifest))
    refused = subprocess.run([BIN / "streamtensorc", "inspect", artifact], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1 and f"{artifact}/design.xclbin: xclbin: header" in refused.stderr


def test_mlp_in_float32(tmp_path):
    """Rows one after another, in the types of the module; more of them than a launch takes."""
    weights = make_tiny_mlp.weights()
    module = tmp_path / "mlp.mlir"
    module.write_text(make_tiny_mlp.module_text(weights))
    said = call("streamtensorc", "compile", module, "-o", tmp_path / "artifact", "--isa", "x86-64-v3")
    assert said.rstrip().endswith("in the types of the module")
    x = np.random.default_rng(4).standard_normal((20, 64)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    call("streamtensorc", "run", tmp_path / "artifact", "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    expected, y = make_tiny_mlp.forward(weights, x), np.load(tmp_path / "y.npy")
    assert y.shape == expected.shape and np.abs(y - expected).max() <= 1e-5 * np.abs(expected).max()


def test_mlp_with_four_bits(tmp_path):
    weights = make_tiny_mlp.weights()
    module = tmp_path / "mlp.mlir"
    module.write_text(make_tiny_mlp.module_text(weights))
    said = call("streamtensorc", "compile", module, "-o", tmp_path / "artifact", "--isa", "x86-64-v3", "--quantise", "w4a8")
    worst = float(re.search(r"2 matrix products in w4a8 \(relative error up to ([\d.]+) %", said)[1])
    report = (tmp_path / "artifact/reports/summary.txt").read_text()
    errors = [float(e) for e in re.findall(r"([\d.]+) %  \S+ \[(?:96, 64|64, 96)\]", report)]
    assert len(errors) == 2 and max(errors) == worst and 1 < worst < 15
    x = np.random.default_rng(4).standard_normal((16, 64)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    call("streamtensorc", "run", tmp_path / "artifact", "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    call("streamtensor-reference", module, "--quantise", "w4a8", "--input", f"input0={tmp_path}/x.npy", "--output",
         tmp_path / "jit")
    assert same_bits(np.load(tmp_path / "y.npy"), np.load(tmp_path / "jit.0.npy"))


def test_mlp(tmp_path):
    weights = make_tiny_mlp.weights()
    module = tmp_path / "mlp.mlir"
    module.write_text(make_tiny_mlp.module_text(weights))
    call("streamtensorc", "compile", module, "-o", tmp_path / "artifact", "--quantise", "w8a8")
    x = np.random.default_rng(4).standard_normal((16, 64)).astype(np.float32)
    for rows in range(1, 17):
        np.save(tmp_path / "x.npy", x[:rows])
        call("streamtensorc", "run", tmp_path / "artifact", "--input", tmp_path / "x.npy", "--output",
             tmp_path / "y.npy")
        call("streamtensor-reference", module, "--quantise", "w8a8", "--input", f"input0={tmp_path}/x.npy", "--output", tmp_path / "jit")
        card, jit = np.load(tmp_path / "y.npy"), np.load(tmp_path / "jit.0.npy")
        assert same_bits(card, jit), rows
        expected = make_tiny_mlp.forward(weights, x[:rows])
        assert np.abs(card - expected).max() <= 0.05 * np.abs(expected).max()
