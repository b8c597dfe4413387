#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles the modules of this folder, runs them on the emulated card and compares them with PyTorch's own results.

Usage: run_torch_modules.py STREAMTENSORC [--sample] [--table FILE.md] [NAME...]

Fails when a module fails that expected_refusals.txt does not list with that error, or when one that it lists agrees.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
REFUSALS = FOLDER / "expected_refusals.txt"
SAMPLE = FOLDER / "sample.txt"  # every kind of operation once: what an ordinary test run has time for
RELATIVE = 1e-3
ABSOLUTE = 1e-5  # sums that cancel


def refusals():
    """The error of each module that can't be compiled, or a part of it."""
    if not REFUSALS.exists():
        return {}
    return dict(line.split(": ", 1) for line in REFUSALS.read_text().splitlines() if line)


def as_rows(array):
    return np.ascontiguousarray(array, dtype=np.float32).reshape(1, -1)


def last_line(process):
    lines = [line for line in (process.stderr + process.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit status {process.returncode}"


def difference(module, outputs):
    """Why `outputs`, a file each, differ from PyTorch's results; "" when they don't."""
    for index, path in enumerate(outputs):
        expected = module[f"output{index}"]
        found = np.load(path).reshape(-1).astype(np.float64)
        if found.size != expected.size:
            return f"output {index} has {found.size} elements, expected {expected.size}"
        if not np.allclose(found, expected.reshape(-1), rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True):
            worst = np.nanmax(np.abs(found - expected.reshape(-1)))
            return f"output {index} differs from PyTorch's by up to {worst:.3g}"
    return ""


def run(streamtensorc, name):
    """The reason why a module fails; "" when it compiles and agrees."""
    module = np.load(FOLDER / f"{name}.npz")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        compiled = subprocess.run(
            [streamtensorc, "compile", "--isa", "x86-64-v3", FOLDER / f"{name}.mlir", "-o", folder / "artifact"],
            capture_output=True, text=True)
        if compiled.returncode != 0:
            return last_line(compiled).replace(str(FOLDER) + "/", "")
        inputs = [folder / f"input{i}.npy" for i in range(sum(key.startswith("input") for key in module))]
        for path in inputs:
            np.save(path, as_rows(module[path.stem]))
        outputs = [folder / f"output{i}.npy" for i in range(sum(key.startswith("output") for key in module))]
        ran = subprocess.run(
            [streamtensorc, "run", folder / "artifact", "--input", ",".join(map(str, inputs)),
             "--output", ",".join(map(str, outputs))], capture_output=True, text=True)
        return last_line(ran) if ran.returncode != 0 else difference(module, outputs)


def table(reasons):
    agreed = sum(not reason for reason in reasons.values())
    lines = ["# Operators", "",
             "Made by `tests/torch_modules/run_torch_modules.py STREAMTENSORC --table docs/operators.md`.", "",
             f"Modules as Torch-MLIR writes them, in `tests/torch_modules/`: **{agreed} of {len(reasons)}** compile, run "
             "on the emulated card and agree with PyTorch within 1e-3 relative.", "",
             "| module | result |", "|---|---|"]
    lines += [f"| `{name}` | {reason.replace('|', chr(92) + '|') or 'agrees'} |" for name, reason in reasons.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("streamtensorc")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--sample", action="store_true", help="only the modules of sample.txt")
    parser.add_argument("--table")
    options = parser.parse_args()
    names = options.names or sorted(path.stem for path in FOLDER.glob("*.mlir"))
    if options.sample:
        names = SAMPLE.read_text().split()
    refused = refusals()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reasons = dict(zip(names, pool.map(lambda name: run(options.streamtensorc, name), names)))
    wrong = False
    for name, reason in reasons.items():
        expected = refused.get(name, "")
        if bool(reason) == bool(expected) and expected in reason:
            continue
        wrong = True
        print(f"{name}: {reason or 'agrees'}" + (f"; expected_refusals.txt says '{expected}'" if expected else ""))
    print(f"{sum(not reason for reason in reasons.values())} of {len(names)} modules agree with PyTorch")
    if options.table:
        pathlib.Path(options.table).write_text(table(reasons))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
