# SPDX-License-Identifier: Apache-2.0
"""Designs of a small Llama, compiled as far as the text: no weights are needed to model them, and no objects."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])
# 192 wide, 384 inner, 6 query and 2 KV heads of 32.
SHAPE = ["--hidden", "192", "--inner", "384", "--heads", "6", "--kv-heads", "2", "--head-dim", "32", "--seed", "3"]


def call(program, *arguments):
    done = subprocess.run([BIN / program, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{program} {arguments}: {done.stderr}"
    return done.stdout


def make_design(folder, layers, *options):
    """The artifact's folder. Target hw makes no manifest before v++ has run: what would be embedded stands for it."""
    model, design = folder / f"llama{layers}.gguf", folder / f"design{layers}"
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", *SHAPE, "--layers", str(layers), model], check=True)
    call("streamtensorc", "compile", model, "--target", "hw", "-o", design, *options)
    shutil.copy(design / "hls/user_metadata.json", design / "manifest.json")
    return design


def simulate(design, *options):
    return json.loads(call("streamtensor-sim", design, "--json", *options))
