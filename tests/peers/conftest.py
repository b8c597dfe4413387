# SPDX-License-Identifier: Apache-2.0
"""A daemon that serves the model on an emulated card, and llama.cpp beside it."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from daemon import Daemon  # noqa: E402
from remembered_peer import RememberedPeer  # noqa: E402

CONTEXT = 2304


def pytest_addoption(parser):
    parser.addoption("--binary-dir", required=True, help="where streamtensord is")


@pytest.fixture(scope="session")
def model():
    return os.environ["STREAMTENSOR_TEST_MODEL"]


@pytest.fixture(scope="session")
def daemon(request, model):
    binaries = pathlib.Path(request.config.getoption("--binary-dir"))
    with Daemon(
        binaries,
        models=[{"name": "smollm2", "source": model, "max_context": CONTEXT}],
        cards=[{"driver": "emulated", "platform": "u55c", "index": 0}],
        cache_dir=binaries.parent / "test-cache",
    ) as daemon:
        daemon.wait_ready("smollm2", timeout=600)
        yield daemon


@pytest.fixture(scope="session")
def llama_cpp(model):
    with RememberedPeer(CONTEXT, model) as peer:
        yield peer
