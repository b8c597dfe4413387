#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the server costs: CPU microseconds of streamtensord a streamed token, on a dummy card that computes nothing.

    tests/bench/server_cost.py build/bin [--streams 1,8,32,128,1000] [--vocabulary 49152] [--seconds 5] [--rounds 3] [--json]

Measured: user and system CPU time of the daemon (/proc/PID/stat) while streams run, over the tokens that its own
counter says it generated, and where it went by thread. `streamtensorctl bench` is the client; its time is not in it.
In turn with it: the same service with nothing behind it (grpc_floor.cpp), by gRPC's callbacks and by a completion queue.
The least of several rounds, for other work on the machine only adds.
"""

import argparse
import collections
import json
import os
import pathlib
import socket
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


def measure(binary_dir, server, pid, tokens, streams, seconds, max_tokens):
    """CPU of process `pid` while a load of `streams` runs; `tokens` counts what it has streamed."""
    load = subprocess.Popen(
        [binary_dir / "streamtensorctl", "--server", server, "bench", "--model", "m", "--concurrency", str(streams),
         "--seconds", str(seconds + 2), "--prompt-tokens", "8", "--max-tokens", str(max_tokens), "--json"],
        stdout=subprocess.PIPE,
    )
    time.sleep(1)
    threads, before = cpu_by_thread(pid)
    first, begin = tokens(), time.monotonic()
    time.sleep(seconds)
    after_threads, after = cpu_by_thread(pid)
    count, wall = tokens() - first, time.monotonic() - begin
    output, _ = load.communicate(timeout=600)
    if load.returncode != 0:
        sys.exit("the load failed")
    where = {name: 1e6 * (after_threads[name] - threads[name]) / count for name in after_threads}
    return {
        "streams": streams,
        "tokens_per_second": count / wall,
        "cpu_us_per_token": 1e6 * (after - before) / count,
        "itl_p99_ms": 1000 * json.loads(output)["measured"]["itl_seconds"]["p99"],
        "by_thread_us": {name: us for name, us in sorted(where.items(), key=lambda item: -item[1]) if us > 0.5},
    }


def measure_floor(binary_dir, kind, step_us, streams, seconds, max_tokens):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    floor = subprocess.Popen([binary_dir / "grpc_floor", kind, str(port), str(step_us)], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tokens():
        floor.stdin.write("\n")
        floor.stdin.flush()
        return int(floor.stdout.readline())

    tokens()
    try:
        return measure(binary_dir, f"127.0.0.1:{port}", floor.pid, tokens, streams, seconds, max_tokens)
    finally:
        floor.stdin.close()
        floor.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("--streams", default="1,8,32,128,1000")
    parser.add_argument("--vocabulary", type=int, default=49152)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step-us", type=int, default=4000, help="the card's time for a step of up to 16 tokens")
    parser.add_argument("--max-tokens", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        artifact = write_artifact(pathlib.Path(folder) / "artifact", max_context=512, vocabulary=arguments.vocabulary)
        with Daemon(arguments.binary_dir, [{"name": "m", "artifact": artifact}], [{"driver": "dummy", "step_us": arguments.step_us}],
                    extra={"limits": {"max_running": 1024, "max_queue": 2048}, "log": {"level": "warning"}}) as daemon:
            daemon.wait_ready("m")
            best = {}
            for streams in map(int, arguments.streams.split(",")):
                # So that the last streams end within half a minute.
                load = (streams, arguments.seconds, min(arguments.max_tokens, 60000 // streams))
                for _ in range(arguments.rounds):
                    rows = {
                        "streamtensord": measure(
                            arguments.binary_dir, daemon.server, daemon.process.pid,
                            lambda: daemon.metrics().get('streamtensor_generated_tokens_total{model="m"}', 0), *load),
                        "gRPC, callback": measure_floor(arguments.binary_dir, "callback", arguments.step_us, *load),
                        "gRPC, queue": measure_floor(arguments.binary_dir, "queue", arguments.step_us, *load),
                    }
                    for who, row in rows.items():
                        known = best.setdefault((streams, who), row)
                        if row["cpu_us_per_token"] < known["cpu_us_per_token"]:
                            best[streams, who] = row
                for who in rows:
                    row = best[streams, who]
                    where = ", ".join(f"{name} {us:.1f}" for name, us in row["by_thread_us"].items())
                    print(f"measured: {streams:5d} streams {who:15s} {row['tokens_per_second']:6.0f} tok/s "
                          f"{row['cpu_us_per_token']:6.1f} us CPU a token, ITL p99 {row['itl_p99_ms']:.1f} ms; "
                          f"by thread: {where}", file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        print(json.dumps({"vocabulary": arguments.vocabulary, "step_us": arguments.step_us, "measured": [row | {"who": who} for (_, who), row in best.items()]}, indent=1))


if __name__ == "__main__":
    main()
