# SPDX-License-Identifier: Apache-2.0
"""The real model on an emulated card, served by the daemon."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from daemon import Daemon, free_ports  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--binary-dir", required=True, help="where streamtensord is")


@pytest.fixture(scope="session")
def binaries(request):
    return pathlib.Path(request.config.getoption("--binary-dir"))


@pytest.fixture()
def daemon(binaries):
    model = {"name": "smollm2", "source": os.environ["STREAMTENSOR_TEST_MODEL"], "max_context": 2304}
    (http_port,) = free_ports(1)
    with Daemon(binaries, models=[model], cache_dir=binaries.parent / "test-cache-card",
                server={"http_listen": f"127.0.0.1:{http_port}"}) as daemon:
        daemon.wait_ready("smollm2", timeout=600)
        daemon.openai_url = f"http://127.0.0.1:{http_port}/v1"
        yield daemon
