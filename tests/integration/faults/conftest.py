# SPDX-License-Identifier: Apache-2.0
"""What the fault tests share: requests from a seed, their undisturbed replies, clients that watch their streams."""

import os
import pathlib
import random
import subprocess
import sys
import threading
import time

import grpc
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from daemon import ROOT  # noqa: E402
from dummy_artifact import write_artifact  # noqa: E402

BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])
SEED = int(os.environ.get("STREAMTENSOR_FAULT_SEED", "20251125"))
FAULTS = int(os.environ.get("STREAMTENSOR_FAULTS", "200"))


@pytest.fixture(scope="session")
def artifact(tmp_path_factory):
    return write_artifact(tmp_path_factory.mktemp("artifact"))


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory):
    """A small Llama with random weights, compiled for the emulated card."""
    folder = tmp_path_factory.mktemp("llama")
    model, made = folder / "tiny.gguf", folder / "artifact"
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", model], check=True)
    subprocess.run([BIN / "streamtensorc", "compile", model, "-o", made, "--max-context", "512"], check=True, capture_output=True)
    return made


def random_request(rng, pb, vocabulary):
    """A request of 1 to about 200 prompt tokens, greedy or drawn from a seed; some share their beginning."""
    request = pb.GenerateRequest()
    beginning = [(7 * i + rng.randrange(3)) % (vocabulary - 5) + 5 for i in range(rng.choice([0, 0, 40, 100]))]
    own = [rng.randrange(5, vocabulary) for _ in range(rng.randint(1, 100))]
    request.tokens.ids.extend(beginning + own)
    request.sampling.temperature = rng.choice([0, 1])
    request.sampling.seed = rng.randrange(1 << 62)
    request.stopping.max_tokens = rng.randint(5, 120)
    request.stopping.ignore_eos = True
    request.priority = rng.randrange(2)
    return request


class Reference:
    """Requests with the replies that they have when nothing goes wrong."""

    def __init__(self, daemon, model, count, seed, vocabulary):
        rng = random.Random(seed)
        self.requests = [random_request(rng, daemon.pb, vocabulary) for _ in range(count)]
        self.replies = []
        for request in self.requests:
            request.model = model
            reply = daemon.stub.Generate(request, timeout=120)
            self.replies.append((list(reply.token_ids), reply.text))


class Outcome:
    """What came of a stream."""

    def __init__(self):
        self.tokens, self.text, self.finished, self.code, self.details = [], "", False, grpc.StatusCode.OK, ""


def read_stream(stream, outcome, stop_after=None):
    """Reads to the end, or cancels after so many tokens."""
    try:
        for part in stream:
            assert not outcome.finished, "a message after the last"
            outcome.tokens += part.token_ids
            outcome.text += part.text
            outcome.finished = part.finish_reason != 0
            if stop_after is not None and len(outcome.tokens) >= stop_after:
                stream.cancel()
    except grpc.RpcError as error:
        outcome.code, outcome.details = error.code(), error.details()
    return outcome


def check(outcome, expected, allowed, what):
    """Complete and identical, or a beginning of it with one of the statuses allowed."""
    tokens, text = expected
    assert outcome.tokens == tokens[: len(outcome.tokens)], f"{what}: other tokens than undisturbed"
    assert text.startswith(outcome.text), f"{what}: other text than undisturbed"
    if outcome.code == grpc.StatusCode.OK:
        assert outcome.finished and outcome.tokens == tokens and outcome.text == text, f"{what}: not complete"
    else:
        assert outcome.code in allowed, f"{what}: {outcome.code} {outcome.details}"


def was_refused(outcome):
    """It came when all cards were lost, and was told so at once."""
    return outcome.code == grpc.StatusCode.UNAVAILABLE and not outcome.tokens and "it is being reset" in outcome.details


def wait_for(condition, what, seconds=60):
    """What the condition returns, once that is true."""
    end = time.monotonic() + seconds
    while not (met := condition()):
        assert time.monotonic() < end, f"{what} does not come"
        time.sleep(0.05)
    return met


def cards_are_idle(daemon):
    """No request, no page is left."""
    metrics = daemon.metrics()
    left = {
        name: value
        for name, value in metrics.items()
        if value and (name.startswith(("streamtensor_running_requests", "streamtensor_waiting_requests")) or 'state="held"' in name)
    }
    return not left


def run_threads(functions):
    """Runs them at once; the first failure is raised here."""
    failures = []

    def guard(function):
        try:
            function()
        except BaseException as failure:  # an assertion must reach the test
            failures.append(failure)

    threads = [threading.Thread(target=guard, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def assert_nothing_left(daemon, before):
    """Threads, descriptors and children are as many as before; a connection's end takes a moment."""

    def settled():
        now = daemon.resources()
        return now.threads <= before.threads and now.descriptors <= before.descriptors and now.children == before.children

    try:
        wait_for(settled, "what was there before", seconds=30)
    except AssertionError:
        raise AssertionError(f"left over: before {before}, now {daemon.resources()}") from None
