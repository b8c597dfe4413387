# SPDX-License-Identifier: Apache-2.0
"""The project installed into a prefix of the test's own."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ["STREAMTENSOR_BUILD_DIR"])


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefix")
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder
