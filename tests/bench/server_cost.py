#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the server costs: CPU microseconds of streamtensord a streamed token, on a dummy card that computes nothing.

    tests/bench/server_cost.py build/bin [--streams 1,8,32,128,1000] [--who grpc,http,callback,queue] [--vocabulary 49152]
                               [--seconds 5] [--rounds 3] [--baseline OTHER/bin] [--json]

Measured: user and system CPU time of the daemon (its CPU clock) while streams run, over the tokens that its own
counter says it generated, and where it went by thread. The client's time is not in it.
  grpc      the daemon, asked by `streamtensorctl bench`
  http      the same daemon's OpenAI-compatible endpoint, asked by http_load.py
  callback, queue
            gRPC's share: its service with nothing behind it (grpc_floor.cpp), by callbacks and by a completion queue
  baseline  with --baseline: the daemon of another build, asked over gRPC
They run in turn, every other round in reverse, each round with daemons started anew: where a process's memory happens to lie changes its cost by up
to a quarter. The least of the rounds counts, for other work on the machine only adds; to the baseline it is the median of
the rounds' ratios.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon, free_ports  # noqa: E402
from dummy_artifact import write_artifact  # noqa: E402

def cpu_by_thread(pid):
    """CPU seconds by thread name, and the whole process's (threads that ended included)."""
    seconds = collections.Counter()
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (thread / "comm").read_text().rstrip("\n")
            seconds[name] += int((thread / "schedstat").read_text().split()[0]) * 1e-9
        except OSError:
            continue
    cpu_clock = (~pid << 3) | 2  # clock_getcpuclockid(3): nanoseconds, where /proc/PID/stat counts hundredths
    return seconds, time.clock_gettime(cpu_clock)


def grpc_client(binary_dir, server):
    return [binary_dir / "streamtensorctl", "--server", server, "bench", "--json"]


def http_client(server):
    return [sys.executable, pathlib.Path(__file__).with_name("http_load.py"), server]


def measure(client, pid, tokens, streams, seconds, max_tokens):
    """CPU of process `pid` while `client` loads it with so many streams; `tokens` counts what it has streamed."""
    load = subprocess.Popen(
        [*client, "--model", "m", "--concurrency", str(streams), "--seconds", str(seconds + 2), "--prompt-tokens", "8",
         "--max-tokens", str(max_tokens)],
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


def measure_daemon(daemon, client, *load):
    return measure(client, daemon.process.pid, lambda: daemon.metrics().get('streamtensor_generated_tokens_total{model="m"}', 0), *load)


def measure_floor(binary_dir, kind, step_us, *load):
    (port,) = free_ports(1)
    floor = subprocess.Popen([binary_dir / "grpc_floor", kind, str(port), str(step_us)], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tokens():
        floor.stdin.write("\n")
        floor.stdin.flush()
        return int(floor.stdout.readline())

    tokens()
    try:
        return measure(grpc_client(binary_dir, f"127.0.0.1:{port}"), floor.pid, tokens, *load)
    finally:
        floor.stdin.close()
        floor.wait()


def measure_round(arguments, who, stack, rows):
    folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
    artifact = write_artifact(folder / "artifact", max_context=512, vocabulary=arguments.vocabulary)

    def start(binary_dir, **server):
        daemon = stack.enter_context(Daemon(
            binary_dir, [{"name": "m", "artifact": artifact}], [{"driver": "dummy", "step_us": arguments.step_us}],
            extra={"limits": {"max_running": 1024, "max_queue": 2048}, "log": {"level": "warning"}}, server=server))
        daemon.wait_ready("m")
        return daemon

    (http_port,) = free_ports(1)
    daemon = start(arguments.binary_dir, http_listen=f"127.0.0.1:{http_port}")
    baseline = start(arguments.baseline) if arguments.baseline else None
    runs = {
        "grpc": lambda *load: measure_daemon(daemon, grpc_client(arguments.binary_dir, daemon.server), *load),
        "http": lambda *load: measure_daemon(daemon, http_client(f"127.0.0.1:{http_port}"), *load),
        "callback": lambda *load: measure_floor(arguments.binary_dir, "callback", arguments.step_us, *load),
        "queue": lambda *load: measure_floor(arguments.binary_dir, "queue", arguments.step_us, *load),
        "baseline": lambda *load: measure_daemon(baseline, grpc_client(arguments.binary_dir, baseline.server), *load),
    }
    for streams in map(int, arguments.streams.split(",")):
        # Lets the last streams end within 30 seconds.
        load = (streams, arguments.seconds, min(arguments.max_tokens, 60000 // streams))
        for name in who:
            rows[streams, name].append(runs[name](*load))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("--streams", default="1,8,32,128,1000")
    parser.add_argument("--who", default="grpc,http,callback,queue")
    parser.add_argument("--baseline", type=pathlib.Path, help="bin folder of another build")
    parser.add_argument("--vocabulary", type=int, default=49152)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step-us", type=int, default=4000, help="the card's time for a step of up to 16 tokens")
    parser.add_argument("--max-tokens", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    who = arguments.who.split(",") + (["baseline"] if arguments.baseline else [])
    rows = collections.defaultdict(list)  # by (streams, who), a round each
    for number in range(arguments.rounds):
        with contextlib.ExitStack() as stack:
            measure_round(arguments, who if number % 2 == 0 else who[::-1], stack, rows)
    best = {key: min(of_rounds, key=lambda row: row["cpu_us_per_token"]) for key, of_rounds in rows.items()}
    for (streams, name), row in best.items():
        where = ", ".join(f"{thread} {us:.1f}" for thread, us in row["by_thread_us"].items())
        if name == "grpc" and arguments.baseline:
            pairs = zip(rows[streams, "grpc"], rows[streams, "baseline"])
            ratios = sorted(ours["cpu_us_per_token"] / theirs["cpu_us_per_token"] for ours, theirs in pairs)
            row["ratios_to_baseline"] = ratios
            where += "; ratio to the baseline: median {:.3f} of {:.3f}..{:.3f}".format(
                statistics.median(ratios), ratios[0], ratios[-1])
        print(f"measured: {streams:5d} streams {name:9s} {row['tokens_per_second']:6.0f} tok/s "
              f"{row['cpu_us_per_token']:6.1f} us CPU a token, ITL p99 {row['itl_p99_ms']:.1f} ms; "
              f"by thread: {where}", file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        measured = [row | {"who": name} for (_, name), row in best.items()]
        print(json.dumps({"vocabulary": arguments.vocabulary, "step_us": arguments.step_us, "measured": measured}, indent=1))


if __name__ == "__main__":
    main()
