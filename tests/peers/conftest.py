# SPDX-License-Identifier: Apache-2.0
"""A daemon that serves the model on an emulated card, and llama.cpp beside it."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from daemon import Daemon  # noqa: E402

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


class LlamaCpp:
    """tests/peers/llama_cpp_peer.py in an environment of its own."""

    def __init__(self, model):
        python = subprocess.run(
            [ROOT / "scripts" / "python-environment", "tests/peers/requirements.txt", ".cache/peers"],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout.strip()
        self.process = subprocess.Popen(
            [python, ROOT / "tests" / "peers" / "llama_cpp_peer.py", model, str(CONTEXT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"llama.cpp ended with {self.process.wait()}"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def llama_cpp(model):
    peer = LlamaCpp(model)
    yield peer
    peer.close()
