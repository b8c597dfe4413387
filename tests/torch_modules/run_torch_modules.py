#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles the modules of this folder, runs them on the emulated card and compares them with PyTorch's own results, and
with the reference JIT bit for bit where they are of float32.

Usage: run_torch_modules.py STREAMTENSORC [--reference STREAMTENSOR_REFERENCE] [--sample] [--jobs N] [NAME...]

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


def last_line(process):
    lines = [line for line in (process.stderr + process.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit status {process.returncode}"


def difference(module, outputs):
    """Why `outputs`, a file each, differ from PyTorch's results; "" when they don't."""
    for index, path in enumerate(outputs):
        expected, found = module[f"output{index}"], np.load(path)
        if found.dtype != expected.dtype or found.shape != expected.shape:
            return f"output {index} is {found.dtype} {found.shape}, expected {expected.dtype} {expected.shape}"
        if expected.dtype.kind in "biu":
            if not np.array_equal(found, expected):
                return f"output {index} differs from PyTorch's in {np.count_nonzero(found != expected)} elements"
            continue
        wide = np.complex128 if expected.dtype.kind == "c" else np.float64
        if not np.allclose(found.astype(wide), expected.astype(wide), rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True):
            worst = np.nanmax(np.abs(found.astype(wide) - expected))
            return f"output {index} differs from PyTorch's by up to {worst:.3g}"
    return ""


def difference_of_bits(reference, name, inputs, outputs):
    """Why `outputs` differ from what the JIT computes of the module; "" when they don't, or when it takes none."""
    arrays = [np.load(path) for path in outputs]
    if any(array.dtype != np.float32 for array in [*arrays, *(np.load(path) for path in inputs)]):
        return ""
    jit = outputs[0].parent / "jit"
    given = [word for path in inputs for word in ("--input", f"{path.stem}={path}")]
    done = subprocess.run([reference, FOLDER / f"{name}.mlir", *given, "--output", jit], capture_output=True, text=True)
    if done.returncode != 0:
        return "the reference: " + last_line(done)
    for index, array in enumerate(arrays):
        wanted = np.load(f"{jit}.{index}.npy").reshape(array.shape)
        same = (array.view(np.uint32) == wanted.view(np.uint32)) | (np.isnan(array) & np.isnan(wanted))
        if not same.all():
            return f"output {index} differs from the reference's bits in {np.count_nonzero(~same)} elements"
    return ""


def run(streamtensorc, reference, name):
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
            np.save(path, module[path.stem])
        outputs = [folder / f"output{i}.npy" for i in range(sum(key.startswith("output") for key in module))]
        ran = subprocess.run(
            [streamtensorc, "run", folder / "artifact", "--input", ",".join(map(str, inputs)),
             "--output", ",".join(map(str, outputs))], capture_output=True, text=True)
        if ran.returncode != 0:
            return last_line(ran)
        return difference(module, outputs) or (reference and difference_of_bits(reference, name, inputs, outputs)) or ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("streamtensorc")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--reference", help="the program streamtensor-reference")
    parser.add_argument("--sample", action="store_true", help="only the modules of sample.txt")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="modules at a time")
    options = parser.parse_intermixed_args()
    names = options.names or sorted(path.stem for path in FOLDER.glob("*.mlir"))
    if options.sample:
        names = SAMPLE.read_text().split()
    refused = refusals()
    wrong, agree = False, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        reasons = pool.map(lambda name: run(options.streamtensorc, options.reference, name), names)
        for name, reason in zip(names, reasons, strict=True):
            agree += not reason
            expected = refused.get(name, "")
            if bool(reason) == bool(expected) and expected in reason:
                continue
            wrong = True
            print(f"{name}: {reason or 'agrees'}" + (f"; expected_refusals.txt says '{expected}'" if expected else ""),
                  flush=True)
    print(f"{agree} of {len(names)} modules agree with PyTorch")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
