# SPDX-License-Identifier: Apache-2.0
"""What is left when a compilation ends before its time, and what a large module costs."""

import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
COMPILER = pathlib.Path(os.environ["STREAMTENSOR_BIN"]) / "streamtensorc"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "tiny.gguf"
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", file], check=True, timeout=60)
    return file


def commands_with(word):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if word in words:
            found.append(words)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_nothing(tmp_path, model, number):
    environment = {name: value for name, value in os.environ.items() if name != "STREAMTENSOR_CXX"}
    # Without a cache of objects, so that the C++ compiler is at work.
    process = subprocess.Popen([COMPILER, "compile", model, "-o", tmp_path / "made"], env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not any("cc1plus" in command for command in commands_with(str(tmp_path))):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    assert list(tmp_path.iterdir()), "it builds beside its place"
    process.send_signal(number)
    assert process.wait(timeout=60) == -number
    assert list(tmp_path.iterdir()) == []
    while left := commands_with(str(tmp_path)):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def test_a_file_beyond_its_limit_is_an_error(tmp_path, model):
    limit = 100 << 10
    done = subprocess.run([COMPILER, "compile", model, "-o", tmp_path / "made"], capture_output=True, text=True, timeout=300,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 1 and "weights.bin: File too large" in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_long_chain_compiles_in_linear_time(tmp_path):
    """3,300 additions, just below the limit of operations. 60 s of processor time, where the square took hours."""
    lines = ["func.func @main(%x: tensor<1x32xf32>) -> tensor<1x32xf32> {", "  %e = tensor.empty() : tensor<1x32xf32>"]
    maps = "[affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>]"
    before = "%x"
    for i in range(3300):
        lines.append(f"  %v{i} = linalg.generic {{indexing_maps = {maps}, iterator_types = [\"parallel\", \"parallel\"]}} "
                     f"ins({before} : tensor<1x32xf32>) outs(%e : tensor<1x32xf32>) "
                     "{ ^bb0(%a: f32, %o: f32): %s = arith.addf %a, %a : f32 linalg.yield %s : f32 } -> tensor<1x32xf32>")
        before = f"%v{i}"
    lines += [f"  return {before} : tensor<1x32xf32>", "}", ""]
    module = tmp_path / "chain.mlir"
    module.write_text("\n".join(lines))
    done = subprocess.run([COMPILER, "compile", module, "-o", tmp_path / "made"], capture_output=True, text=True, timeout=600,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)))
    assert done.returncode == 0, done.stderr
