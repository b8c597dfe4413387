# SPDX-License-Identifier: Apache-2.0
"""Writes GGUF files (version 3), for tests."""
import struct

import numpy as np

from tensor_types import TYPES, encode

ALIGNMENT = 32


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def entry(key, value):
    """One metadata entry; the Python type chooses the GGUF type."""
    head = text(key)
    if isinstance(value, bool):
        return head + struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return head + struct.pack("<II", 4, value)
    if isinstance(value, float):
        return head + struct.pack("<If", 6, value)
    if isinstance(value, str):
        return head + struct.pack("<I", 8) + text(value)
    if isinstance(value[0], str):
        return head + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    if isinstance(value[0], float):
        return head + struct.pack("<IIQ", 9, 6, len(value)) + np.asarray(value, dtype="<f4").tobytes()
    return head + struct.pack("<IIQ", 9, 5, len(value)) + np.asarray(value, dtype="<i4").tobytes()


def write_gguf(path, metadata, tensors, alignment=ALIGNMENT):
    """`tensors`: (name, type name, array), rows first."""
    infos, data = [], bytearray()
    for name, type_name, values in tensors:
        data += b"\0" * (-len(data) % alignment)
        dims = values.shape[::-1]
        infos.append(
            text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims) +
            struct.pack("<IQ", TYPES[type_name][0], len(data)))
        data += encode(values, type_name)
    entries = b"".join(entry(key, value) for key, value in metadata.items())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + entries + b"".join(infos)
    head += b"\0" * (-len(head) % alignment)
    with open(path, "wb") as file:
        file.write(head + data)
