# SPDX-License-Identifier: Apache-2.0
"""Daemons to be watched: one on a dummy card, one that also has a tiny Llama on an emulated card."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon, free_ports, protos  # noqa: E402,F401
from dummy_artifact import write_artifact  # noqa: E402


@pytest.fixture(scope="session")
def artifact(tmp_path_factory):
    return write_artifact(tmp_path_factory.mktemp("artifact"))


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """A tiny Llama's artifact."""
    folder = tmp_path_factory.mktemp("llama")
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", folder / "tiny.gguf"], check=True, timeout=60)
    subprocess.run(
        [BIN / "streamtensorc", "compile", folder / "tiny.gguf", "-o", folder / "artifact", "--max-context", "256"],
        check=True, timeout=300, capture_output=True,
    )
    return folder / "artifact"


@pytest.fixture(scope="module")
def dummy_daemon(artifact):
    with Daemon(BIN, [{"name": "tiny", "artifact": artifact}], [{"driver": "dummy", "step_us": 500}]) as running:
        running.wait_ready("tiny")
        yield running


@pytest.fixture(scope="module")
def daemon(artifact, llama):
    """Model `llama` on an emulated card, model `tiny` on a dummy one with room for one request and one waiting."""
    models = [{"name": "llama", "artifact": llama, "cards": [0]}, {"name": "tiny", "artifact": artifact, "cards": [1]}]
    cards = [{"driver": "emulated"}, {"driver": "dummy", "step_us": 500}]
    with Daemon(BIN, models, cards) as running:
        for model in ("llama", "tiny"):
            running.wait_ready(model)
        yield running
