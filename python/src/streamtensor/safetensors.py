# SPDX-License-Identifier: Apache-2.0
"""Writes safetensors files, tensor by tensor, so that no second copy of the weights is held."""

import hashlib
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
              "C64": 8}


@dataclass(frozen=True)
class Tensor:
    """A tensor to write: `data` gives its bytes, little-endian in C order, when they are needed."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: Callable[[], bytes | memoryview]

    @property
    def size_bytes(self) -> int:
        return ITEM_BYTES[self.dtype] * math.prod(self.shape)


def write(path: Path, tensors: Sequence[Tensor]) -> str:
    """Writes `tensors` to `path`, replacing it at once when complete. Returns the file's SHA-256 in hexadecimal."""
    header: dict[str, object] = {}
    offset = 0
    for tensor in tensors:
        if tensor.name in header or tensor.name == "__metadata__":
            raise ValueError(f"tensor name {tensor.name!r} is taken")
        end = offset + tensor.size_bytes
        header[tensor.name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    digest = hashlib.sha256()
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            for part in (len(text).to_bytes(8, "little"), text):
                digest.update(part)
                file.write(part)
            for tensor in tensors:
                data = tensor.data()
                if len(data) != tensor.size_bytes:
                    raise ValueError(f"tensor {tensor.name!r}: {len(data)} bytes, expected {tensor.size_bytes}")
                digest.update(data)
                file.write(data)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return digest.hexdigest()
