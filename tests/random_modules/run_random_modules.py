#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles random modules, runs them on the emulated card and compares every bit with the reference JIT.

Usage: run_random_modules.py STREAMTENSORC REFERENCE [--count N] [--seed S] [--steps K] [--keep FOLDER]

A module that fails is made smaller: steps are left out while it still fails in the same way. Its seed, the steps left out
and its text are printed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from random_module import Module


def last_line(process):
    lines = [line for line in (process.stderr + process.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line]
    return (errors or lines or [f"exit status {process.returncode}"])[0 if errors else -1]


def run(options, seed, skip=()):
    """Why the module of `seed` fails; "" when the card's bits are those of the reference."""
    module = Module(seed, options.steps, skip)
    text, results = module.text()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        path = folder / "module.mlir"
        path.write_text(text)
        compiled = subprocess.run(
            [options.streamtensorc, "compile", "--isa", "x86-64-v3", path, "-o", folder / "artifact"],
            capture_output=True, text=True)
        if compiled.returncode != 0:
            return "compile: " + last_line(compiled).replace(str(path) + ":", "")
        inputs = []
        for index, array in enumerate(module.arrays()):
            inputs.append(folder / f"input{index}.npy")
            np.save(inputs[-1], array)
        outputs = [folder / f"output{index}.npy" for index in range(results)]
        ran = subprocess.run([options.streamtensorc, "run", folder / "artifact", "--input", ",".join(map(str, inputs)),
                              "--output", ",".join(map(str, outputs))], capture_output=True, text=True)
        if ran.returncode != 0:
            return "run: " + last_line(ran)
        given = [word for path in inputs for word in ("--input", f"{path.stem}={path}")]
        jit = subprocess.run([options.reference, path, *given, "--output", folder / "jit"], capture_output=True,
                             text=True)
        if jit.returncode != 0:
            return "reference: " + last_line(jit)
        for index, output in enumerate(outputs):
            found = np.load(output)
            wanted = np.load(folder / f"jit.{index}.npy").reshape(found.shape)
            if found.dtype == np.float32:
                same = (found.view(np.uint32) == wanted.view(np.uint32)) | (np.isnan(found) & np.isnan(wanted))
            else:
                same = found == wanted
            if not same.all():
                return f"result {index} differs from the reference in {np.count_nonzero(~same)} elements"
    return ""


def smaller(options, seed, reason):
    """Steps that can be left out of a failing module."""
    skip = set()
    kind = reason.split(":")[0].split(" differs")[0][:6]
    for step in reversed(range(options.steps)):
        if run(options, seed, skip | {step}).startswith(kind):
            skip.add(step)
    return skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("streamtensorc")
    parser.add_argument("reference")
    parser.add_argument("--count", type=int, default=int(os.environ.get("STREAMTENSOR_RANDOM_MODULES", "4")),
                        help="modules to try (default: $STREAMTENSOR_RANDOM_MODULES, or 4)")
    parser.add_argument("--seed", type=int, default=1, help="of the first module; the next one has the next seed")
    parser.add_argument("--steps", type=int, default=12, help="steps of a module")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="modules at a time")
    parser.add_argument("--shrink", action="store_true", help="make failing modules smaller")
    parser.add_argument("--print", action="store_true", help="print the first module and do nothing else")
    options = parser.parse_args()
    if options.print:
        print(Module(options.seed, options.steps).text()[0])
        return 0
    seeds = range(options.seed, options.seed + options.count)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for seed, reason in zip(seeds, pool.map(lambda seed: run(options, seed), seeds), strict=True):
            if not reason:
                continue
            failed += 1
            print(f"seed {seed}: {reason}", flush=True)
            if options.shrink:
                skip = smaller(options, seed, reason)
                print(f"without steps {sorted(skip)}:\n{Module(seed, options.steps, skip).text()[0]}", flush=True)
    print(f"{options.count - failed} of {options.count} random modules, seeds {seeds[0]} to {seeds[-1]}, "
          "agree with the reference bit for bit")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
