# SPDX-License-Identifier: Apache-2.0
"""What needs neither programs nor PyTorch: the safetensors writer, lazy imports."""

import hashlib
import json
import subprocess
import sys

import pytest

import streamtensor
from streamtensor.safetensors import Tensor, write


def test_safetensors(tmp_path):
    path = tmp_path / "w.safetensors"
    digest = write(path, [Tensor("a", "F32", (2, 1), lambda: b"12345678"), Tensor("b", "BOOL", (), lambda: b"\1")])
    data = path.read_bytes()
    assert digest == hashlib.sha256(data).hexdigest()
    size = int.from_bytes(data[:8], "little")
    assert size % 8 == 0 and data[8 + size:] == b"12345678\1"
    assert json.loads(data[8:8 + size]) == {"a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
                                            "b": {"dtype": "BOOL", "shape": [], "data_offsets": [8, 9]}}


def test_a_tensor_of_wrong_size_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="7 bytes, expected 8"):
        write(path, [Tensor("a", "F32", (2,), lambda: b"1234567")])
    with pytest.raises(ValueError, match="taken"):
        write(path, [Tensor("a", "U8", (1,), lambda: b"1")] * 2)
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"] and path.read_bytes() == b"before"


def test_importing_is_light():
    code = "import sys, streamtensor; print(sorted({'numpy', 'grpc', 'torch', 'onnx', 'torch_mlir'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("wrong", [("no name", 1, 2), ("T", 0, 2), ("T", 4, 4), ("T", 1, 2**31)])
def test_dimensions_have_sound_bounds(wrong):
    with pytest.raises(ValueError):
        streamtensor.Dim(*wrong)
