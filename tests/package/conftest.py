# SPDX-License-Identifier: Apache-2.0
"""The package as its build makes it, first on the path; programs as they are."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("STREAMTENSOR_BIN_DIR", ROOT / "build/bin"))
_built = tempfile.TemporaryDirectory(prefix="streamtensor-package-")


def build_package():
    built = _built.name
    subprocess.run([sys.executable, "setup.py", "-q", "build_py", "--build-lib", built], cwd=ROOT / "python", check=True,
                   capture_output=True)
    # The daemon's fixture also needs the artifact's messages, which the package doesn't ship.
    from grpc_tools import protoc

    files = sorted(str(file) for file in (ROOT / "proto/streamtensor/artifact").rglob("*.proto"))
    assert protoc.main(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={built}", *files]) == 0
    sys.path[:0] = [built, str(ROOT / "tests/integration"), str(ROOT / "tests/models")]


build_package()


@pytest.fixture
def compiler(monkeypatch):
    """streamtensorc is the one of this build."""
    monkeypatch.setenv("STREAMTENSOR_COMPILER", str(BIN / "streamtensorc"))
