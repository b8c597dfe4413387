# SPDX-License-Identifier: Apache-2.0
"""Hundreds of faults on one daemon with dummy cards: cards that fail, hang, die and are slow, clients that vanish in
the queue, in prefill and in decode, deadlines, SIGHUP in mid-stream, a full disk. Every stream is complete and
identical to the undisturbed one, or a beginning of it that ended with the right status; nothing is left over."""

import collections
import random
import subprocess
import threading

import grpc

from conftest import BIN, FAULTS, SEED, Outcome, Reference, assert_nothing_left, cards_are_idle, check, read_stream, run_threads, wait_for, was_refused
from daemon import Daemon

WORKERS = 12
VOCABULARY = 266

# Compiles nothing: what it writes into the cache finds the disk full.
COMPILER = """#!/bin/sh
[ "$1" = --version ] && { echo fake; exit 0; }
mkdir -p "$4" && head -c 2M /dev/zero >"$4/design.xclbin"
"""


def test_every_fault_is_survived(artifact, tmp_path):
    print(f"STREAMTENSOR_FAULT_SEED={SEED} STREAMTENSOR_FAULTS={FAULTS}")
    cards = [
        {"driver": "dummy", "index": i, "step_us": 1000, "faults": {
            "seed": SEED + i, "every_runs": 80, "kinds": ["fail", "slow", "fail", "slow", "fail", "die", "hang"]}}
        for i in range(3)
    ] + [{"driver": "dummy", "index": i} for i in (3, 4)]
    shaky = {"name": "shaky", "artifact": str(artifact), "cards": [0, 1, 2]}
    calm = {"name": "calm", "artifact": str(artifact), "cards": [3]}
    cache = tmp_path / "cache"
    cache.mkdir()
    compiler = tmp_path / "compiler"
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    extra = {
        "limits": {"max_queue": 64, "max_running": 4, "step_timeout_seconds": 1, "lost_card_seconds": 60},
        "compiler": {"program": str(compiler)},
    }
    small_disk = subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0
    wrapper = ["unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o size=256k none {cache} && exec "$@"', "sh"] if small_disk else []
    with Daemon(BIN, [shaky, calm], cards, cache, extra, wrapper=wrapper) as daemon:
        for name in ("shaky", "calm"):
            daemon.wait_ready(name)
        reference = Reference(daemon, "calm", 60, SEED, VOCABULARY)
        for request in reference.requests:
            request.model = "shaky"
        faults = collections.Counter()
        lock = threading.Lock()
        done = threading.Event()

        faults["refused"] = 0

        def count(kind):
            with lock:
                faults[kind] += 1
                total = sum(faults.values()) - faults["refused"] + daemon_losses()
            if total >= FAULTS:
                done.set()

        def daemon_losses():
            return daemon.log().count(": lost: ")

        def client(rng):
            which = rng.randrange(len(reference.requests))
            request, expected = reference.requests[which], reference.replies[which]
            kind = rng.choice(["complete"] * 4 + ["vanish at once", "vanish in prefill", "vanish in decode", "deadline"])
            outcome, allowed = Outcome(), []
            if kind == "complete":
                read_stream(daemon.stub.GenerateStream(request, timeout=120), outcome)
            elif kind == "deadline":
                allowed = [grpc.StatusCode.DEADLINE_EXCEEDED]
                read_stream(daemon.stub.GenerateStream(request, timeout=rng.uniform(0.001, 0.3)), outcome)
            else:
                allowed = [grpc.StatusCode.CANCELLED]
                stream = daemon.stub.GenerateStream(request, timeout=120)
                if kind == "vanish at once":
                    stream.cancel()
                elif kind == "vanish in prefill":
                    done.wait(rng.uniform(0, 0.02))
                    stream.cancel()
                read_stream(stream, outcome, stop_after=rng.randrange(1, len(expected[0]) + 1))
            if was_refused(outcome):
                faults["refused"] += 1
                done.wait(0.05)
                return
            check(outcome, expected, allowed, f"{kind}, request {which}")
            if kind != "complete":
                count(kind)

        def clients(seed):
            rng = random.Random(seed)
            while not done.is_set():
                client(rng)

        def operate(kinds):
            """SIGHUP: a model comes, goes, and one cannot be compiled because the disk is full."""
            for kind in kinds:
                models = [shaky, calm]
                if kind == "SIGHUP: comes":
                    models.append({"name": "other", "artifact": str(artifact), "cards": [4]})
                elif kind == "disk full":
                    models.append({"name": "other", "source": str(tmp_path / "model.gguf"), "cards": [4]})
                assert daemon.reload(models=models) == (kind != "disk full")

        def operator():
            rng = random.Random(SEED)
            while not done.wait(rng.uniform(0.1, 0.4)):
                kind = rng.choice(["SIGHUP: comes", "SIGHUP: goes"] + ["disk full"] * small_disk)
                operate([kind])
                count(kind)

        # As many streams at once as there will be, so that what is kept for reuse is there already.
        def warm_up(i):
            return lambda: check(
                read_stream(daemon.stub.GenerateStream(reference.requests[i], timeout=120), Outcome()),
                reference.replies[i], [grpc.StatusCode.UNAVAILABLE], "warm-up")

        for _ in range(3):
            run_threads([warm_up(i) for i in range(2 * WORKERS)])
        operate(["SIGHUP: comes", "SIGHUP: goes"] + ["disk full"] * small_disk + ["SIGHUP: goes"])
        wait_for(lambda: cards_are_idle(daemon), "idle cards")
        before = daemon.resources()

        run_threads([operator] + [lambda i=i: clients(SEED * 1000 + i) for i in range(WORKERS)])

        assert daemon.reload(models=[shaky, calm])
        wait_for(lambda: cards_are_idle(daemon), "idle cards")
        lost = daemon_losses()
        refused = faults.pop("refused")
        print(f"{sum(faults.values()) + lost} faults, {refused} requests refused: cards lost {lost}, {dict(faults)}; "
              f"before {before}, after {daemon.resources()}")
        assert sum(faults.values()) + lost >= FAULTS
        assert lost >= FAULTS / 20 and all(faults[k] for k in ("vanish at once", "vanish in prefill", "vanish in decode", "deadline"))
        assert_nothing_left(daemon, before)
        assert {c.state for c in daemon.cards()} <= {"READY", "CLOSED", "LOST"}
        wait_for(lambda: daemon.http("/readyz")[0] == 200, "readiness")
