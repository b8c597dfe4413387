# SPDX-License-Identifier: Apache-2.0
"""Decoders of 0.4 to 8 billion parameters through all stages but weights and objects: they pass, in little memory."""
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS / "models"))

import make_sparse_model  # noqa: E402

BIN = Path(os.environ["STREAMTENSOR_BIN"])
MOST_BYTES = 2 << 30


def dry_run(model, *options):
    return subprocess.run([BIN / "streamtensorc", "compile", model, "--dry-run", *options], capture_output=True,
                          text=True, timeout=800,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES)))


@pytest.mark.parametrize("name", ["gpt2-medium", "qwen2.5-0.5b", "gemma3-1b", "tinyllama-1.1b", "llama3.1-8b"])
def test_a_large_model_passes_all_stages(tmp_path, name):
    model = tmp_path / "model.gguf"
    make_sparse_model.make(model, make_sparse_model.MODELS[name])
    assert model.stat().st_blocks * 512 < 32 << 20
    ran = dry_run(model, "--platform", "u250")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("Design for AMD Alveo U250\n"), ran.stdout
    assert [line.split("]")[1].split()[0] for line in ran.stderr.splitlines()] == [
        "import", "quantise", "tile", "kernels", "fuse", "bind", "materialise", "size", "emit"]
    assert sorted(tmp_path.iterdir()) == [model]
