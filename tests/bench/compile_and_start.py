#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long SmolLM2 takes to compile, and a daemon to start with it.

    tests/bench/compile_and_start.py build/bin [--rounds 3]

Wall time, measured: `streamtensorc compile` by stage, and from the start of streamtensord to the model READY when the
artifact is in the cache.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402


def compile_once(binaries, model):
    """Seconds by stage, and in all."""
    with tempfile.TemporaryDirectory(prefix="streamtensor-bench-") as folder:
        begin = time.monotonic()
        output = subprocess.run([binaries / "streamtensorc", "compile", model, "-o", f"{folder}/artifact", "--progress", "json"],
                                check=True, capture_output=True, text=True).stdout
        seconds = time.monotonic() - begin
    stages = {}
    for line in map(json.loads, output.splitlines()):
        if "stage" in line:
            stages[line["stage"]] = max(stages.get(line["stage"], 0), line["seconds"])
    return stages, seconds


def start_once(binaries, model, cache):
    begin = time.monotonic()
    with Daemon(binaries, [{"name": "smollm2", "source": model}], cache_dir=cache) as daemon:
        daemon.wait_ready("smollm2", timeout=600)
        return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    binaries = arguments.binary_dir.resolve()
    model = subprocess.check_output([ROOT / "scripts/fetch-model"], text=True).strip()
    runs = [compile_once(binaries, model) for _ in range(arguments.rounds)]
    stages, total = min(runs, key=lambda run: run[1])
    for stage, seconds in stages.items():
        print(f"  {stage:12s} {seconds:6.2f} s")
    print(f"compile: {total:.2f} s, without weights {total - stages.get('weights', 0):.2f} s; best of {len(runs)}, measured")
    with tempfile.TemporaryDirectory(prefix="streamtensor-bench-") as cache:
        start_once(binaries, model, cache)
        starts = sorted(start_once(binaries, model, cache) for _ in range(arguments.rounds))
    print(f"start to READY with a cached artifact: {starts[0]:.2f} s, worst {starts[-1]:.2f} s of {len(starts)}, measured")


if __name__ == "__main__":
    main()
