# SPDX-License-Identifier: Apache-2.0
"""Generates the gRPC stubs of proto/streamtensor/v1 as the package is built; all else stands in pyproject.toml."""

import pathlib

from setuptools import setup
from setuptools.command.build_py import build_py

PROTO = pathlib.Path(__file__).resolve().parent.parent / "proto"


class BuildWithStubs(build_py):
    def run(self):
        super().run()
        from grpc_tools import protoc

        files = sorted(str(file) for file in PROTO.glob("streamtensor/v1/*.proto"))
        if not files:
            raise RuntimeError(f"no .proto files in {PROTO}/streamtensor/v1: build within the repository")
        pathlib.Path(self.build_lib).mkdir(parents=True, exist_ok=True)
        code = protoc.main(["protoc", f"--proto_path={PROTO}", f"--python_out={self.build_lib}",
                            f"--grpc_python_out={self.build_lib}", *files])
        if code:
            raise RuntimeError(f"protoc ended with code {code}")
        (pathlib.Path(self.build_lib) / "streamtensor/v1/__init__.py").touch()


setup(cmdclass={"build_py": BuildWithStubs})
