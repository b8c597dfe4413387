# SPDX-License-Identifier: Apache-2.0
"""Reads GGUF files, apart from the compiler: for the float32 references of the tests."""
import struct

import numpy as np

from tensor_types import NUMBERS, TYPES, decode

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9


class Reader:

    def __init__(self, data):
        self.data, self.at = data, 0

    def scalar(self, code):
        value, = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self):
        size = self.scalar("Q")
        self.at += size
        return bytes(self.data[self.at - size:self.at]).decode()

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            element, count = self.scalar("I"), self.scalar("Q")
            return [self.value(element) for _ in range(count)]
        return self.scalar(SCALARS[kind])


class Model:
    """`metadata` by key, `weight(name)` dequantised to float32, rows first."""

    def __init__(self, path):
        self.data = np.memmap(path, dtype=np.uint8, mode="r")
        reader = Reader(self.data)
        magic, version = reader.scalar("I"), reader.scalar("I")
        if magic != 0x46554747 or version not in (2, 3):
            raise ValueError(f"{path} is not a GGUF file of version 2 or 3")
        tensors, entries = reader.scalar("Q"), reader.scalar("Q")
        self.metadata = {}
        for _ in range(entries):
            key = reader.string()
            self.metadata[key] = reader.value(reader.scalar("I"))
        self.infos = {}
        for _ in range(tensors):
            name = reader.string()
            dims = [reader.scalar("Q") for _ in range(reader.scalar("I"))]
            kind, offset = reader.scalar("I"), reader.scalar("Q")
            self.infos[name] = (kind, tuple(reversed(dims)), offset)
        alignment = self.metadata.get("general.alignment", 32)
        self.start = (reader.at + alignment - 1) // alignment * alignment
        self.cache = {}

    def weight(self, name):
        if name not in self.cache:
            kind, shape, offset = self.infos[name]
            _, elements, size = TYPES[NUMBERS[kind]]
            begin = self.start + offset
            raw = np.array(self.data[begin:begin + int(np.prod(shape)) // elements * size])
            self.cache[name] = decode(raw, NUMBERS[kind], shape)
        return self.cache[name]
