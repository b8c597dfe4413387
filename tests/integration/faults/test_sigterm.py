# SPDX-License-Identifier: Apache-2.0
"""SIGTERM in mid-stream, from seeds: streams end by themselves within the limit, or UNAVAILABLE; the daemon ends well. And
whatever hangs, it ends within limits.drain_seconds and 5 s."""

import random
import threading
import time

import grpc
import pytest

from conftest import BIN, FAULTS, SEED, Outcome, Reference, check, read_stream, wait_for
from daemon import Daemon
from raw_http2 import RawClient

VOCABULARY = 266


@pytest.mark.parametrize("turn", range(max(4, FAULTS // 50)))
def test_sigterm_in_mid_stream(artifact, tmp_path, turn):
    rng = random.Random(SEED + turn)
    cards = [{"driver": "dummy", "index": i, "step_us": 3000, "faults": {
        "seed": SEED + turn * 10 + i, "every_runs": 200, "kinds": ["fail", "die", "slow"]}} for i in range(2)]
    cards.append({"driver": "dummy", "index": 2})
    models = [{"name": "shaky", "artifact": str(artifact), "cards": [0, 1]}, {"name": "calm", "artifact": str(artifact), "cards": [2]}]
    limits = {"drain_seconds": turn % 2}
    with Daemon(BIN, models, cards, tmp_path / "cache", {"limits": limits}) as daemon:
        for name in ("shaky", "calm"):
            daemon.wait_ready(name)
        reference = Reference(daemon, "calm", 10, SEED + turn, VOCABULARY)
        outcomes = [Outcome() for _ in reference.requests]
        threads = []
        for request, outcome in zip(reference.requests, outcomes):
            request.model = "shaky"
            thread = threading.Thread(target=read_stream, args=(daemon.stub.GenerateStream(request), outcome))
            threads.append(thread)
            thread.start()
        wait_for(lambda: any(outcome.tokens for outcome in outcomes), "a first token")
        time.sleep(rng.uniform(0, 0.3))
        daemon.process.terminate()
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
        assert daemon.process.wait(timeout=30) == 0, daemon.log()
        for outcome, expected in zip(outcomes, reference.replies):
            check(outcome, expected, [grpc.StatusCode.UNAVAILABLE], f"SIGTERM, turn {turn}")
            if outcome.code != grpc.StatusCode.OK:
                assert "shutting down" in outcome.details, outcome.details


FORCED = 3  # the exit code of a shutdown that could not wait


def ended(daemon, drain_seconds):
    """The exit code and the log after SIGTERM; a loaded host gets some seconds more."""
    began = time.monotonic()
    daemon.process.terminate()
    code = daemon.process.wait(timeout=drain_seconds + 5 + 20)
    print(f"ended {time.monotonic() - began:.2f} s after SIGTERM, drain_seconds is {drain_seconds}, code {code}")
    return code, daemon.log()


def request_of(daemon, model, max_tokens):
    request = daemon.pb.GenerateRequest(model=model, prompt="hello")
    request.stopping.max_tokens = max_tokens
    request.stopping.ignore_eos = True
    return request


def test_a_card_that_hangs_in_load(artifact, tmp_path):
    """It never answers again; the other card's stream drains all the same, and the process does not wait for it."""
    cards = [{"driver": "dummy", "index": 0, "faults": {"hanging_opens": 1}}, {"driver": "dummy", "index": 1, "step_us": 20000}]
    models = [{"name": "hangs", "artifact": str(artifact), "cards": [0]}, {"name": "serves", "artifact": str(artifact), "cards": [1]}]
    with Daemon(BIN, models, cards, tmp_path / "cache", {"limits": {"drain_seconds": 2}}) as daemon:
        daemon.wait_ready("serves")
        wait_for(lambda: daemon.state("hangs") == "LOADING", "the load")
        outcome = Outcome()
        reader = threading.Thread(target=read_stream, args=(daemon.stub.GenerateStream(request_of(daemon, "serves", 30)), outcome))
        reader.start()
        wait_for(lambda: outcome.tokens, "a first token")
        code, log = ended(daemon, drain_seconds=2)
        reader.join(timeout=10)
        assert outcome.code == grpc.StatusCode.OK and len(outcome.tokens) == 30, outcome.details
        assert code == FORCED and "still waits for cards and compilations to end" in log, log
        daemon.stop = lambda: 0


def test_a_card_that_hangs_in_a_step(artifact, tmp_path):
    """A run takes a minute, its time limit is longer. Its client hears of the end."""
    cards = [{"driver": "dummy", "index": 0, "step_us": 60 * 1000000}]
    limits = {"drain_seconds": 1, "step_timeout_seconds": 7200}
    with Daemon(BIN, [{"name": "m", "artifact": str(artifact)}], cards, tmp_path / "cache", {"limits": limits, "log": {"level": "debug"}}) as daemon:
        daemon.wait_ready("m")
        outcome = Outcome()
        reader = threading.Thread(target=read_stream, args=(daemon.stub.GenerateStream(request_of(daemon, "m", 5)), outcome))
        reader.start()
        wait_for(lambda: "runs requests" in daemon.log(), "the step")
        code, log = ended(daemon, drain_seconds=1)
        reader.join(timeout=10)
        assert outcome.code == grpc.StatusCode.UNAVAILABLE, (outcome.code, outcome.details)
        assert code == FORCED and "still waits for" in log, log
        daemon.stop = lambda: 0


def test_a_second_signal_hurries(artifact, tmp_path):
    cards = [{"driver": "dummy", "index": 0, "step_us": 1000000}]
    with Daemon(BIN, [{"name": "m", "artifact": str(artifact)}], cards, tmp_path / "cache", {"limits": {"drain_seconds": 3600}}) as daemon:
        daemon.wait_ready("m")
        outcome = Outcome()
        reader = threading.Thread(target=read_stream, args=(daemon.stub.GenerateStream(request_of(daemon, "m", 400)), outcome))
        reader.start()
        wait_for(lambda: any("running_requests" in name and value for name, value in daemon.metrics().items()), "the step")
        daemon.process.terminate()
        wait_for(lambda: "draining 1 requests" in daemon.log(), "the drain")
        assert daemon.stop() == 0
        reader.join(timeout=10)
        assert outcome.code == grpc.StatusCode.UNAVAILABLE and "shutting down" in outcome.details


def test_readers_that_do_not_read(artifact, tmp_path):
    """Streams whose clients have left them unread don't hold the process."""
    limits = {"drain_seconds": 1, "slow_reader_seconds": 3600}
    with Daemon(BIN, [{"name": "m", "artifact": str(artifact)}], [{"driver": "dummy"}], tmp_path / "cache", {"limits": limits}) as daemon:
        daemon.wait_ready("m")
        clients = [RawClient(daemon.grpc_port) for _ in range(10)]
        for client in clients:
            request = request_of(daemon, "m", 400)
            request.output.logprobs = 20
            client.call("GenerateStream", request.SerializeToString())
            client.call("Generate", request.SerializeToString())
        time.sleep(1)
        code, log = ended(daemon, drain_seconds=1)
        assert code == 0, log
        for client in clients:
            client.close()
