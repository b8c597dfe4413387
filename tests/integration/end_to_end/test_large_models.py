# SPDX-License-Identifier: Apache-2.0
"""Decoders of 0.4 to 8 billion parameters through all stages but weights and objects: they pass, in little memory."""
import os
import re
import resource
import subprocess
import sys
from dataclasses import replace
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


def test_eight_billion_parameters_fit_a_card_of_16_gb(tmp_path):
    """With no option, and the pools have room for 65,536 tokens."""
    model = tmp_path / "model.gguf"
    make_sparse_model.make(model, make_sparse_model.MODELS["llama3.1-8b"])
    ran = dry_run(model)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("Design for AMD Alveo U55C\n"), ran.stdout
    room = re.search(r"KV pools +room for (\d+) tokens", ran.stdout)
    assert room and int(room[1]) >= 65536, ran.stdout
    channels = re.search(r"weights +([\d.]+) MB in (\d+) channels", ran.stdout)
    assert float(channels[1]) * 1e6 <= int(channels[2]) * (512 << 20), ran.stdout
    refused = dry_run(model, "--weight-channels", "4")
    assert refused.returncode == 1 and "does not fit: memory bank 0 of u55c would hold" in refused.stderr
    assert "more weight channels hold less each" in refused.stderr


def test_a_dry_run_may_write_the_design(tmp_path):
    """All that is modelled follows from it; nothing can be run."""
    model, design = tmp_path / "model.gguf", tmp_path / "design"
    make_sparse_model.make(model, replace(make_sparse_model.MODELS["smollm2-135m"], layers=2))
    ran = dry_run(model, "-o", design)
    assert ran.returncode == 0, ran.stderr
    assert sorted(path.name for path in design.iterdir()) == ["hls", "manifest.json", "reports"]
    assert ran.stdout == (design / "reports/summary.txt").read_text()
    explained = subprocess.run([BIN / "streamtensorc", "explain", design], capture_output=True, text=True, check=True)
    assert re.search(r"^SLR0: ", explained.stdout, re.M), explained.stdout
    refused = subprocess.run([BIN / "streamtensorc", "run", design, "--tokens", "1"], capture_output=True, text=True)
    assert refused.returncode == 1 and "of weights.bin, which has 0" in refused.stderr, refused.stderr


def test_a_table_of_4_bit_integers_is_counted_as_it_is_stored(tmp_path):
    """A byte an element: 600 million of them need two banks of 512 MiB."""
    model = tmp_path / "model.gguf"
    make_sparse_model.make(model, replace(make_sparse_model.MODELS["smollm2-135m"], hidden=2304, heads=36, kv_heads=12,
                                          vocabulary=262144, embedding_type="Q4_0", head_type="Q4_0", layers=2))
    ran = dry_run(model, "--save-ir", tmp_path / "ir")
    assert ran.returncode == 0, ran.stderr
    text = (tmp_path / "ir/08-size.mlir").read_text()
    memories = {match[1]: int(match[2]) for match in re.finditer(r"dataflow.memory @(\w+) {bank = (\d+) : i64.*", text)}
    table = re.search(r"dataflow.memory @(\w+) {bank = (\d+).*tensor<262144x72x32xi4>", text)
    assert table, text[:2000]
    assert int(table[2]) + 1 not in memories.values() and int(table[2]) + 2 in memories.values()
