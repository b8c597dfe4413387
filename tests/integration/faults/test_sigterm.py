# SPDX-License-Identifier: Apache-2.0
"""SIGTERM in mid-stream, from seeds: streams end by themselves within the limit, or UNAVAILABLE; the daemon ends well."""

import random
import threading
import time

import grpc
import pytest

from conftest import BIN, FAULTS, SEED, Outcome, Reference, check, read_stream, wait_for
from daemon import Daemon

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
