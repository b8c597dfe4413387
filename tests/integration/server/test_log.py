# SPDX-License-Identifier: Apache-2.0
"""A log that nobody reads: serving, health and SIGTERM do not wait for it."""

import os
import re
import threading

import grpc
import pytest

from conftest import BIN, Daemon, dummy_cards

LOST = "streamtensor_log_lines_dropped_total"


def fill(running, request_for):
    """Requests that are logged whole, until lines are lost."""
    for _ in range(100):
        with pytest.raises(grpc.RpcError):
            running.stub.Generate(request_for(prompt="x" * 1_000_000), timeout=60)
        if running.metrics()[LOST] > 3:
            return
    raise AssertionError("every line was taken")


def test_a_log_that_nobody_reads_stops_nothing(tmp_path, artifact, request_for):
    reader, writer = os.pipe()
    models = [{"name": "tiny", "artifact": str(artifact)}]
    try:
        running = Daemon(BIN, models, dummy_cards(), tmp_path / "cache", {"log": {"prompts": True}}, log=writer)
        running.wait_ready("tiny")
        assert running.metrics()[LOST] == 0
        fill(running, request_for)
        assert running.stub.Generate(request_for(), timeout=60).usage.completion_tokens == 20
        assert running.http("/healthz")[0] == running.http("/readyz")[0] == 200
        # A reader comes: the gap is told, and later lines follow it.
        read = bytearray()

        def drain():
            while data := os.read(reader, 1 << 16):
                read.extend(data)

        thread = threading.Thread(target=drain)
        thread.start()
        told = re.compile(rb"warning log: (\d+) lines were dropped")
        while not told.search(read):
            thread.join(0.01)
        assert int(told.search(read).group(1)) == running.metrics()[LOST]
        assert running.stop() == 0
        os.close(writer)
        writer = None
        thread.join()
        assert read.endswith(b"stopped\n")
    finally:
        if writer is not None:
            os.close(writer)
        os.close(reader)
        running.kill()


def test_a_log_at_its_size_limit_stops_nothing(tmp_path, artifact, request_for):
    """RLIMIT_FSIZE: a write beyond it fails, and its signal must not end the daemon."""
    models = [{"name": "tiny", "artifact": str(artifact)}]
    with open(tmp_path / "log", "wb") as log:
        limit = ("prlimit", f"--fsize={1 << 20}")
        with Daemon(BIN, models, dummy_cards(), tmp_path / "cache", {"log": {"prompts": True}}, log=log.fileno(), wrapper=limit) as running:
            running.wait_ready("tiny")
            fill(running, request_for)
            assert running.stub.Generate(request_for(), timeout=60).usage.completion_tokens == 20
            assert running.http("/healthz")[0] == running.http("/readyz")[0] == 200
    assert (tmp_path / "log").stat().st_size == 1 << 20


def test_sigterm_ends_a_daemon_whose_log_nobody_reads(tmp_path, artifact, request_for):
    reader, writer = os.pipe()
    models = [{"name": "tiny", "artifact": str(artifact)}]
    running = Daemon(BIN, models, dummy_cards(), tmp_path / "cache", {"log": {"prompts": True}}, log=writer)
    try:
        running.wait_ready("tiny")
        fill(running, request_for)
        assert running.stop() == 0
    finally:
        running.kill()
        os.close(reader)
        os.close(writer)
