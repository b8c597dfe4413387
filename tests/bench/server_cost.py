#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the server costs: CPU microseconds of streamtensord a streamed token, on a dummy card that computes nothing.

    tests/bench/server_cost.py build/bin [--streams 1,8,32,128,1000] [--vocabulary 49152] [--seconds 5] [--json]

Measured: user and system CPU time of the daemon (/proc/PID/stat) while streams run, over the tokens that its own
counter says it generated, and where it went by thread. `streamtensorctl bench` is the client; its time is not in it.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402
from dummy_artifact import write_artifact  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_by_thread(pid):
    """CPU seconds by thread name, and the whole process's (threads that ended included)."""
    seconds = collections.Counter()
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        fields = text[text.rindex(")") + 2 :].split()
        seconds[name] += (int(fields[11]) + int(fields[12])) / TICKS
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return seconds, (int(fields[11]) + int(fields[12])) / TICKS


def tokens(daemon):
    return daemon.metrics().get('streamtensor_generated_tokens_total{model="m"}', 0)


def measure(daemon, streams, seconds, max_tokens):
    load = subprocess.Popen(
        [daemon.binary_dir / "streamtensorctl", "--server", daemon.server, "bench", "--model", "m", "--concurrency", str(streams),
         "--seconds", str(seconds + 2), "--prompt-tokens", "8", "--max-tokens", str(max_tokens), "--json"],
        stdout=subprocess.PIPE,
    )
    time.sleep(1)
    threads, before = cpu_by_thread(daemon.process.pid)
    first, begin = tokens(daemon), time.monotonic()
    time.sleep(seconds)
    after_threads, after = cpu_by_thread(daemon.process.pid)
    count, wall = tokens(daemon) - first, time.monotonic() - begin
    output, _ = load.communicate(timeout=600)
    if load.returncode != 0:
        sys.exit("the load failed")
    report = json.loads(output)
    where = {name: 1e6 * (after_threads[name] - threads[name]) / count for name in after_threads}
    return {
        "streams": streams,
        "tokens_per_second": count / wall,
        "cpu_us_per_token": 1e6 * (after - before) / count,
        "cpu_cores": (after - before) / wall,
        "itl_p99_ms": 1000 * report["measured"]["itl_seconds"]["p99"],
        "by_thread_us": {name: us for name, us in sorted(where.items(), key=lambda item: -item[1]) if us > 0.05},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("--streams", default="1,8,32,128,1000")
    parser.add_argument("--vocabulary", type=int, default=49152)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--step-us", type=int, default=4000, help="the card's time for a step of up to 16 tokens")
    parser.add_argument("--max-tokens", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        artifact = write_artifact(pathlib.Path(folder) / "artifact", max_context=512, vocabulary=arguments.vocabulary)
        with Daemon(arguments.binary_dir, [{"name": "m", "artifact": artifact}], [{"driver": "dummy", "step_us": arguments.step_us}],
                    extra={"limits": {"max_running": 1024, "max_queue": 2048}, "log": {"level": "warning"}}) as daemon:
            daemon.wait_ready("m")
            rows = []
            for streams in map(int, arguments.streams.split(",")):
                rows.append(measure(daemon, streams, arguments.seconds, arguments.max_tokens))
                if not arguments.json:
                    row = rows[-1]
                    where = ", ".join(f"{name} {us:.1f}" for name, us in row["by_thread_us"].items())
                    print(f"measured: {row['streams']:5d} streams {row['tokens_per_second']:8.0f} tok/s "
                          f"{row['cpu_us_per_token']:7.1f} us CPU a token, {row['cpu_cores']:.2f} cores, "
                          f"ITL p99 {row['itl_p99_ms']:.1f} ms; by thread: {where}", flush=True)
    if arguments.json:
        print(json.dumps({"vocabulary": arguments.vocabulary, "step_us": arguments.step_us, "measured": rows}, indent=1))


if __name__ == "__main__":
    main()
