#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten times what fits: what the admitted notice of it.

    tests/bench/overload.py build/bin [--seconds 10] [--step-us 20000]

A dummy card serves 16 streams at once and queues 16. The gaps between the tokens of the measured streams (measured by
this client's clock) with an empty queue, and while another process offers ten times the capacity in an open loop."""

import argparse
import multiprocessing
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

RUNNING, QUEUE, TOKENS = 16, 16, 50


def request_of(pb):
    request = pb.GenerateRequest(model="tiny", prompt="an overloaded card")
    request.sampling.temperature = 0
    request.stopping.max_tokens = TOKENS
    request.stopping.ignore_eos = True
    return request


def measure(daemon, streams, seconds):
    """Gaps in seconds between tokens of so many streams, each begun again when it ends or is refused."""
    import grpc

    gaps, lock, end = [], threading.Lock(), time.monotonic() + seconds

    def client():
        own = []
        while time.monotonic() < end:
            try:
                last = None
                for _ in daemon.stub.GenerateStream(request_of(daemon.pb)):
                    now = time.monotonic()
                    if last is not None:
                        own.append(now - last)
                    last = now
            except grpc.RpcError:
                time.sleep(0.02)
        with lock:
            gaps.extend(own[1:])

    threads = [threading.Thread(target=client) for _ in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(gaps)


def flood(server, rate, seconds, results):
    """An open loop: starts requests at a rate, whatever becomes of those before."""
    import grpc
    from daemon import protos

    stub = protos().rpc.InferenceServiceStub(grpc.insecure_channel(server))
    request = request_of(protos().pb)
    refused, admitted, without_hint, latencies, lock = 0, 0, 0, [], threading.Lock()

    def done(call, began):
        nonlocal refused, admitted, without_hint
        with lock:
            if call.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                refused += 1
                latencies.append(time.monotonic() - began)
                hints = dict(call.trailing_metadata())
                without_hint += "retry-after-ms" not in hints or "grpc-retry-pushback-ms" not in hints
            else:
                admitted += 1

    begin = time.monotonic()
    for i in range(int(rate * seconds)):
        time.sleep(max(0, begin + i / rate - time.monotonic()))
        call = stub.Generate.future(request)
        began = time.monotonic()
        call.add_done_callback(lambda call, began=began: done(call, began))
    time.sleep(3)
    latencies.sort()
    results.put((refused, admitted, without_hint, latencies[int(len(latencies) * 0.99)] if latencies else 0))


def percentile(values, part):
    return values[min(len(values) - 1, int(len(values) * part))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--step-us", type=int, default=20000)
    arguments = parser.parse_args()
    from daemon import Daemon
    from dummy_artifact import write_artifact

    with tempfile.TemporaryDirectory() as folder:
        artifact = write_artifact(pathlib.Path(folder) / "artifact")
        cards = [{"driver": "dummy", "step_us": arguments.step_us}]
        limits = {"max_running": RUNNING, "max_queue": QUEUE}
        with Daemon(arguments.binary_dir, [{"name": "tiny", "artifact": artifact}], cards, extra={"limits": limits, "log": {"level": "error"}}) as daemon:
            daemon.wait_ready("tiny")
            measure(daemon, RUNNING, 2)
            calm = measure(daemon, RUNNING, arguments.seconds)
            before = daemon.resources().resident_bytes
            capacity = RUNNING / (TOKENS * arguments.step_us * 1e-6)
            results = multiprocessing.get_context("spawn").Queue()
            offer = multiprocessing.get_context("spawn").Process(
                target=flood, args=(daemon.server, 10 * capacity, arguments.seconds + 2, results))
            offer.start()
            time.sleep(2)
            middle = daemon.resources().resident_bytes
            loaded = measure(daemon, RUNNING, arguments.seconds)
            after = daemon.resources().resident_bytes
            refused, admitted, without_hint, slowest = results.get()
            offer.join()
        print(f"offered {10 * capacity:.0f} requests/s, 10x the capacity: {refused} refused (p99 after {1e3 * slowest:.1f} ms), "
              f"{admitted} admitted, {without_hint} without a retry hint")
        for name, gaps in (("empty queue", calm), ("overload", loaded)):
            print(f"{name:12s} ITL p50 {1e3 * percentile(gaps, 0.5):.2f} ms, p99 {1e3 * percentile(gaps, 0.99):.2f} ms, "
                  f"{len(gaps)} gaps, measured")
        print(f"ITL p99 ratio {percentile(loaded, 0.99) / percentile(calm, 0.99):.2f}; "
              f"resident {before >> 10} KiB, {middle >> 10} KiB, {after >> 10} KiB")


if __name__ == "__main__":
    main()
