# SPDX-License-Identifier: Apache-2.0
"""Emulated cards' processes are killed, stopped, and stopped for a moment, under streams of a real design: every
stream is what it is undisturbed. Then all cards at once, and health tells it."""

import json
import os
import random
import re
import shutil
import signal
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import BIN, FAULTS, SEED, Outcome, Reference, assert_nothing_left, cards_are_idle, check, read_stream, run_threads, wait_for, was_refused
from daemon import Daemon

VOCABULARY = 384
WORKERS = 6
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def emulated(count):
    """Every other one with a second thread."""
    return [{"driver": "emulated", "platform": "u55c", "index": i, "threads": 1 + i % 2, "kv_bytes": "4MiB"} for i in range(count)]


def card_processes(daemon):
    def is_card(pid):
        try:
            return os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "streamtensor-card"
        except OSError:
            return False

    return sorted(pid for pid in daemon.children() if is_card(pid))


def hit(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def kill_under_a_stream(daemon, request, card):
    """Stopped first: a small design is so quick that its stream would be over."""
    os.kill(card, signal.SIGSTOP)
    outcome = Outcome()
    reader = threading.Thread(target=read_stream, args=(daemon.stub.GenerateStream(request), outcome))
    reader.start()
    wait_for(lambda: not cards_are_idle(daemon), "the request")
    os.kill(card, signal.SIGKILL)
    return outcome, reader


def test_killed_and_stopped_cards_lose_no_stream(tiny_llama, tmp_path):
    print(f"STREAMTENSOR_FAULT_SEED={SEED}")
    count = max(12, FAULTS // 10)
    limits = {"step_timeout_seconds": 1, "lost_card_seconds": 60}
    with Daemon(BIN, [{"name": "m", "artifact": str(tiny_llama)}], emulated(2), tmp_path / "cache", {"limits": limits}) as daemon:
        daemon.wait_ready("m")
        wait_for(lambda: len(card_processes(daemon)) == 2, "both cards")
        reference = Reference(daemon, "m", 24, SEED, VOCABULARY)
        done = threading.Event()
        complete = []

        def clients(seed):
            rng = random.Random(seed)
            while not done.is_set():
                which = rng.randrange(len(reference.requests))
                outcome = read_stream(daemon.stub.GenerateStream(reference.requests[which], timeout=120), Outcome())
                if was_refused(outcome):
                    done.wait(0.05)
                    continue
                check(outcome, reference.replies[which], [], f"request {which}")
                complete.append(which)

        def hitter():
            rng = random.Random(SEED)
            try:
                for _ in range(count):
                    pid = rng.choice(wait_for(lambda: card_processes(daemon), "a card"))
                    kind = rng.choice(["kill", "kill", "stop", "slow"])
                    hit(pid, signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
                    if kind == "slow":
                        time.sleep(rng.uniform(0, 0.5))
                        hit(pid, signal.SIGCONT)
                    time.sleep(rng.uniform(0, 0.4))
            finally:
                done.set()

        # As many at once as there will be.
        def warm_up(i):
            return lambda: read_stream(daemon.stub.GenerateStream(reference.requests[i], timeout=120), Outcome())

        for _ in range(2):
            run_threads([warm_up(i) for i in range(2 * WORKERS)])
        before = daemon.resources()
        run_threads([hitter] + [lambda i=i: clients(SEED * 1000 + i) for i in range(WORKERS)])
        wait_for(lambda: cards_are_idle(daemon), "idle cards")
        wait_for(lambda: len(card_processes(daemon)) == 2, "both cards")
        # Stopped while idle: noticed by its silent sensors.
        wait_for(lambda: {c.state for c in daemon.cards()} == {"READY"}, "both cards ready")
        print(f"{count} faults, {len(complete)} streams, {daemon.log().count(': lost: ')} losses; before {before}, after {daemon.resources()}")
        assert daemon.log().count(": lost: ") >= count / 3 and len(complete) >= count
        assert_nothing_left(daemon, before)


def test_a_failed_launch_is_told_with_its_requests(tiny_llama, tmp_path):
    """From the client's id to the card's launch: the step's line names its requests, the failure's both and the launch."""
    sections = {"limits": {"lost_card_seconds": 60}, "log": {"level": "debug"}}
    with Daemon(BIN, [{"name": "m", "artifact": str(tiny_llama)}], emulated(1), tmp_path / "cache", sections) as daemon:
        daemon.wait_ready("m")
        request = Reference(daemon, "m", 1, SEED + 2, VOCABULARY).requests[0]
        request.stopping.max_tokens = 300
        (card,) = card_processes(daemon)
        os.kill(card, signal.SIGSTOP)
        ids = ["shop-1", "shop-2"]
        outcomes = [Outcome() for _ in ids]
        readers = [
            threading.Thread(target=read_stream, args=(daemon.stub.GenerateStream(request, metadata=[("x-request-id", i)]), outcome))
            for i, outcome in zip(ids, outcomes)
        ]
        for reader in readers:
            reader.start()
        wait_for(lambda: re.search("card emulated:0: step .* runs requests shop-", daemon.log()), "the step's line")
        os.kill(card, signal.SIGKILL)
        for reader in readers:
            reader.join(timeout=60)
        assert all(outcome.finished for outcome in outcomes)
        failed = re.search(
            r"error +card emulated:0: step (\d+) failed, with requests (shop.*): emulated card 0 is lost and must be reset: "
            rf"launch (\d+): .*process .*pid {card}.* was killed by signal 9", daemon.log())
        assert failed, daemon.log()
        step, requests, launch = failed.groups()
        assert set(requests.split(", ")) <= set(ids) and step == launch, "the card had run nothing but this daemon's steps"
        assert f"card emulated:0: step {step} runs requests {requests}\n" in daemon.log()
        assert re.search(r"step \d+ runs requests (shop-1, shop-2|shop-2, shop-1)\n", daemon.log()), "both, after the reset"
        for i in ids:
            assert re.search(rf"request={i} model=m done: .*card emulated:0", daemon.log())


def test_health_follows_a_cards_death_and_return(tiny_llama, tmp_path):
    limits = {"step_timeout_seconds": 5, "lost_card_seconds": 60}
    with Daemon(BIN, [{"name": "m", "artifact": str(tiny_llama)}], emulated(1), tmp_path / "cache", {"limits": limits}) as daemon:
        daemon.wait_ready("m")
        reference = Reference(daemon, "m", 1, SEED + 1, VOCABULARY)
        (request,) = reference.requests
        request.stopping.max_tokens = 300
        tokens = daemon.stub.Generate(request)
        expected = (list(tokens.token_ids), tokens.text)
        seen = []
        health = health_pb2_grpc.HealthStub(daemon.channel)

        def watch():
            try:
                for answer in health.Watch(health_pb2.HealthCheckRequest(service="m")):
                    seen.append(answer.status)
            except grpc.RpcError:
                pass

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        wait_for(lambda: seen == [SERVING], "the first answer")
        outcome, reader = kill_under_a_stream(daemon, request, card_processes(daemon)[0])
        wait_for(lambda: len(seen) >= 3, "death and return")
        assert seen[:3] == [SERVING, NOT_SERVING, SERVING]
        reader.join(timeout=60)
        check(outcome, expected, [], "the stream")
        assert outcome.finished
        # Idle, and stopped: nobody asks it for anything but its sensors.
        os.kill(card_processes(daemon)[0], signal.SIGSTOP)
        wait_for(lambda: len(seen) >= 5, "silence noticed and healed")
        assert seen[3:5] == [NOT_SERVING, SERVING]
        wait_for(lambda: daemon.http("/readyz")[0] == 200, "readiness")
        assert list(daemon.stub.Generate(request).token_ids) == expected[0]


@pytest.mark.parametrize("seconds", [0, 1])
def test_without_any_card_requests_end_unavailable(tiny_llama, tmp_path, seconds):
    """The card cannot come back: its program is gone."""
    program = tmp_path / "bin"
    program.mkdir()
    for name in ("streamtensord", "streamtensor-card"):
        shutil.copy(BIN / name, program / name)
    (tmp_path / "lib").symlink_to((BIN / "streamtensord").resolve().parents[1] / "lib")
    limits = {"step_timeout_seconds": 5, "lost_card_seconds": seconds}
    with Daemon(program, [{"name": "m", "artifact": str(tiny_llama)}], emulated(1), tmp_path / "cache", {"limits": limits}) as daemon:
        daemon.wait_ready("m")
        request = Reference(daemon, "m", 1, SEED + 2, VOCABULARY).requests[0]
        request.stopping.max_tokens = 400
        (card,) = card_processes(daemon)
        os.rename(program / "streamtensor-card", program / "gone")
        outcome, reader = kill_under_a_stream(daemon, request, card)
        reader.join(timeout=60)
        assert outcome.code == grpc.StatusCode.UNAVAILABLE and "card" in outcome.details, outcome.details
        assert daemon.http("/readyz")[0] == 503 and daemon.http("/healthz")[0] == 200
        with pytest.raises(grpc.RpcError) as error:
            daemon.stub.Generate(request)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE and "is lost" in error.value.details()
        assert cards_are_idle(daemon)
        os.rename(program / "gone", program / "streamtensor-card")
        wait_for(lambda: daemon.http("/readyz")[0] == 200, "its return")
        assert daemon.stub.Generate(request).token_ids


def test_an_edited_manifest_is_refused_and_made_again_in_the_cache(tiny_llama, tmp_path):
    """The edit is sound by itself: another clock alone would be told in figures that are wrong."""

    def edit(folder):
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["timing"]["clock_hz"] = 1e9
        (folder / "manifest.json").write_text(json.dumps(manifest))

    says = "it is not the design of manifest.json: timing.clock_hz is 1000000000 in manifest.json, 250000000 in USER_METADATA"
    given = shutil.copytree(tiny_llama, tmp_path / "artifact")
    edit(given)
    models = [{"name": "given", "artifact": str(given), "cards": [0]},
              {"name": "made", "source": str(tiny_llama.parent / "tiny.gguf"), "max_context": 512, "cards": [1]}]
    for start in range(2):
        with Daemon(BIN, models, emulated(2), tmp_path / "cache") as daemon:
            daemon.wait_ready("made", timeout=600)
            assert f"{given}/design.xclbin: {says}" in daemon.wait_state("given", "FAILED").error
            remade = [line for line in daemon.log().splitlines() if "damaged and is compiled again" in line]
            assert len(remade) == start and all(says in line for line in remade), remade
        (cached,) = [p for p in (tmp_path / "cache" / "artifacts").iterdir() if not p.name.startswith(".")]
        if start == 0:
            edit(cached)
    assert json.loads((cached / "manifest.json").read_text())["timing"]["clock_hz"] == 250e6
