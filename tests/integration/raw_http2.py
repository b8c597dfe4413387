# SPDX-License-Identifier: Apache-2.0
"""A gRPC client of bare HTTP/2 frames (RFC 9113): it opens calls and, unlike a client library, reads no replies, sends
half a message, or takes no notice of the server's limits."""

import select
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW = 3, 4
WINDOW = 65535  # of a connection and of a stream, before anything else is agreed


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header(name, value):
    """A header without compression: literal, not indexed."""
    name, value = name.encode(), value.encode()
    assert len(name) < 127 and len(value) < 127
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


class RawClient:
    """One connection, from the address `source`. `window` is what the server may send per call; 0: nothing of a reply."""

    def __init__(self, port, window=0, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
        self.socket.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW, window))
        )
        self.next_stream = 1
        self.buffer = b""
        self.settings = {}
        self.reset = {}  # by stream: the error's number
        self.answered = set()  # streams whose reply has begun
        self.refusal = None  # the text of a server that takes no more connections
        self.is_open = True
        self._room = {0: WINDOW}  # what may be sent, by stream
        self._first_room = WINDOW

    def close(self):
        self.socket.close()

    def open(self, method, path="/streamtensor.v1.InferenceService/", packed_by=None):
        """Opens a call and sends no message; returns its stream."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        fields = [
            (":method", "POST"), (":scheme", "http"), (":path", path + method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"), *([("grpc-encoding", packed_by)] if packed_by else []),
        ]
        self._send(frame(HEADERS, END_HEADERS, stream, b"".join(header(*field) for field in fields)))
        self._room[stream] = self._first_room
        return stream

    def call(self, method, message, path="/streamtensor.v1.InferenceService/", cut=0, packed_by=None):
        """Opens a call with a message, but for its last `cut` bytes; returns its stream. `packed_by`: what it was compressed
        with ("gzip")."""
        stream = self.open(method, path, packed_by)
        body = bytes([packed_by is not None]) + struct.pack(">I", len(message)) + message
        rest = memoryview(body[: len(body) - cut])
        while rest and stream not in self.reset and self.is_open:
            size = min(len(rest), self._room[0], self._room[stream], 16384)
            if size == 0:
                if not self.read(0.5):
                    break
                continue
            self._room[0] -= size
            self._room[stream] -= size
            is_last = size == len(rest) and cut == 0
            self._send(frame(DATA, END_STREAM if is_last else 0, stream, bytes(rest[:size])))
            rest = rest[size:]
        return stream

    def read(self, seconds=0.0):
        """Reads what has come, waiting so long for the first of it; False: nothing has."""
        if not self.is_open or not select.select([self.socket], [], [], seconds)[0]:
            return False
        try:
            data = self.socket.recv(1 << 16)
        except OSError:
            data = b""
        self.is_open = bool(data)
        self.buffer += data
        if self.buffer.startswith(b"HTTP/1.1 503 "):
            self.refusal = self.buffer.decode()
            return self.is_open
        while len(self.buffer) >= 9:
            size = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + size:
                break
            kind, flags, stream = struct.unpack(">BBI", self.buffer[3:9])
            payload, self.buffer = self.buffer[9 : 9 + size], self.buffer[9 + size :]
            self._on_frame(kind, flags, stream, payload)
        return self.is_open

    def _on_frame(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            self.settings |= {key: value for key, value in struct.iter_unpack(">HI", payload)}
            first = self.settings.get(INITIAL_WINDOW, self._first_room)
            for each in self._room.keys() - {0}:
                self._room[each] += first - self._first_room
            self._first_room = first
            self._send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self._send(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            self._room[stream] = self._room.get(stream, 0) + int.from_bytes(payload, "big")
        elif kind == RST_STREAM:
            self.reset[stream] = int.from_bytes(payload, "big")
        elif kind == HEADERS:
            self.answered.add(stream)

    def _send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.is_open = False
