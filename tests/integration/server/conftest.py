# SPDX-License-Identifier: Apache-2.0
"""A daemon on dummy cards, and an artifact for it: real gRPC, real scheduler, no arithmetic."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from daemon import Daemon, free_ports, protos  # noqa: E402,F401
from dummy_artifact import MERGES, SPECIALS, write_artifact  # noqa: E402,F401

BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])


@pytest.fixture(scope="session", name="protos")
def protos_fixture():
    """The modules generated from proto/."""
    return protos()


@pytest.fixture(scope="session")
def artifact(tmp_path_factory):
    return write_artifact(tmp_path_factory.mktemp("artifact"))


def dummy_cards(count=1, **options):
    return [{"driver": "dummy", "index": index, **options} for index in range(count)]


@pytest.fixture
def start(tmp_path, artifact):
    """Starts daemons that end with the test; by default with the tiny model on one dummy card."""
    daemons = []

    def run(models=None, cards=None, **extra):
        ports = extra.pop("ports", None)
        server = extra.pop("server", None)
        models = models or [{"name": "tiny", "artifact": str(artifact)}]
        daemons.append(Daemon(BIN, models, cards or dummy_cards(), tmp_path / "cache", extra, ports, server=server))
        return daemons[-1]

    yield run
    for daemon in daemons:
        daemon.kill()


@pytest.fixture(scope="module")
def daemon(artifact):
    """One daemon for all tests of a file."""
    models = [{"name": "tiny", "artifact": str(artifact)}]
    with Daemon(BIN, models, dummy_cards(step_us=500)) as running:
        running.wait_ready("tiny")
        yield running


@pytest.fixture
def request_for(protos):
    """Builds a GenerateRequest."""
    pb = protos.pb

    def build(prompt="hello world", model="tiny", max_tokens=20, temperature=0.0, **fields):
        request = pb.GenerateRequest(model=model, **fields)
        if not request.WhichOneof("input"):
            request.prompt = prompt
        if max_tokens is not None:
            request.stopping.max_tokens = max_tokens
        if temperature is not None:
            request.sampling.temperature = temperature
        return request

    return build
