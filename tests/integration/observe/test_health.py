# SPDX-License-Identifier: Apache-2.0
"""Health, readiness and metrics follow the death of a card's process and its return."""

import os
import signal
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import BIN, Daemon, protos

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(what)


def card_process(daemon):
    """The pid of the daemon's only card, or None."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()
                name = os.readlink(f"/proc/{entry}/exe")
            except OSError:
                continue
            if int(fields[1]) == daemon.process.pid and name.endswith("/streamtensor-card") and fields[0] not in "ZX":
                return int(entry)
    return None


class Watch:
    """The statuses that Health/Watch told of a service, in order."""

    def __init__(self, daemon, service):
        self.seen = []
        self.call = health_pb2_grpc.HealthStub(daemon.channel).Watch(health_pb2.HealthCheckRequest(service=service))
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        try:
            for answer in self.call:
                self.seen.append(answer.status)
        except grpc.RpcError:
            pass

    def stop(self):
        self.call.cancel()
        self.thread.join(timeout=30)


@pytest.fixture(scope="module")
def daemon(llama):
    with Daemon(BIN, [{"name": "llama", "artifact": llama}]) as running:
        running.wait_ready("llama")
        yield running


@pytest.mark.parametrize("while_streaming", [False, True])
def test_a_killed_card(daemon, while_streaming):
    pb = protos().pb
    check = health_pb2_grpc.HealthStub(daemon.channel).Check
    request = pb.GenerateRequest(model="llama", prompt="hello", sampling={"temperature": 0},
                                 stopping={"max_tokens": 200, "ignore_eos": True})
    alone = list(daemon.stub.Generate(request).token_ids)
    wait_for("serving", lambda: check(health_pb2.HealthCheckRequest()).status == SERVING)
    watches = [Watch(daemon, ""), Watch(daemon, "llama")]
    wait_for("both watch", lambda: all(w.seen == [SERVING] for w in watches))

    tokens = []
    stream = iter(daemon.stub.GenerateStream(request)) if while_streaming else iter(())
    if while_streaming:
        tokens += next(stream).token_ids
    resets = sum(card.resets for card in daemon.operator.ListCards(protos().operator_pb.ListCardsRequest()).cards)
    os.kill(card_process(daemon), signal.SIGKILL)

    wait_for("the watches tell of death and return", lambda: all(w.seen == [SERVING, NOT_SERVING, SERVING] for w in watches))
    for service in ("", "llama"):
        assert check(health_pb2.HealthCheckRequest(service=service)).status == SERVING
    for part in stream:
        tokens += part.token_ids
    if while_streaming:
        assert tokens == alone, "the stream went on from its tokens"
    assert list(daemon.stub.Generate(request).token_ids) == alone
    assert daemon.http("/readyz") == (200, "ready\n") and daemon.http("/healthz")[0] == 200
    cards = daemon.operator.ListCards(protos().operator_pb.ListCardsRequest()).cards
    assert sum(card.resets for card in cards) == resets + 1
    for watch in watches:
        watch.stop()


def test_a_card_that_does_not_come_back(daemon):
    """Each reset's new process is killed for as long as the test says so."""
    keep_dead = threading.Event()
    keep_dead.set()

    def kill():
        while keep_dead.is_set():
            if (pid := card_process(daemon)) is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.001)

    thread = threading.Thread(target=kill)
    thread.start()
    check = health_pb2_grpc.HealthStub(daemon.channel).Check
    try:
        wait_for("not serving", lambda: check(health_pb2.HealthCheckRequest()).status == NOT_SERVING)
        # Between a reset and the kill that follows the card is ready for a moment: each is asked until it tells.
        def not_ready():
            code, text = daemon.http("/readyz")
            return code == 503 and "llama" in text and "not serving" in text

        def measured_as_lost():
            metrics = daemon.metrics()
            return (metrics['streamtensor_card_state{card="emulated:0",state="ready"}'] == 0
                    and metrics['streamtensor_card_state{card="emulated:0",state="lost"}'] == 1)

        def found_by_doctor():
            doctor = daemon.ctl("doctor")
            return doctor.returncode == 1 and "BAD   card emulated:0" in doctor.stdout

        wait_for("not ready", not_ready)
        assert daemon.http("/healthz") == (200, "ok\n"), "a lost card is not a dead daemon"
        wait_for("lost in the metrics", measured_as_lost)
        wait_for("LOST in the list", lambda: "LOST" in daemon.ctl("cards").stdout)
        wait_for("doctor's word", found_by_doctor)
    finally:
        keep_dead.clear()
        thread.join()
    wait_for("serving again", lambda: check(health_pb2.HealthCheckRequest()).status == SERVING)
    assert daemon.http("/readyz")[0] == 200
    assert daemon.metrics()['streamtensor_card_state{card="emulated:0",state="ready"}'] == 1
    assert daemon.stub.Generate(protos().pb.GenerateRequest(model="llama", prompt="hello", stopping={"max_tokens": 3})).token_ids
