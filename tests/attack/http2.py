# SPDX-License-Identifier: Apache-2.0
"""As much of HTTP/2 as an attacker needs: frames written by hand, answers not understood."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
INITIAL_WINDOW_SIZE = 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values):
    """SETTINGS with the numbers given, such as settings(initial_window_size=0)."""
    identifiers = {"initial_window_size": INITIAL_WINDOW_SIZE}
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", identifiers[name], value) for name, value in values.items()))


def integer(value, prefix_bits):
    """HPACK's integers (RFC 7541, section 5.1), the bits before the prefix 0."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([value])
    out, value = bytearray([limit]), value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + bytes([value]))


def literal(name, value):
    """A header without indexing and without Huffman's code."""
    name, value = name.encode(), value.encode()
    return b"\x00" + integer(len(name), 7) + name + integer(len(value), 7) + value


def call_headers(stream, method, token, more=()):
    """HEADERS that open a gRPC call."""
    fields = [(":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"), ("te", "trailers"),
              ("content-type", "application/grpc"), *([("authorization", f"Bearer {token}")] if token else []), *more]
    return frame(HEADERS, END_HEADERS, stream, b"".join(literal(name, value) for name, value in fields))


def message(body):
    """gRPC's length-prefixed message."""
    return b"\x00" + struct.pack(">I", len(body)) + body


def connect(port, source="127.0.0.1", receive_bytes=None):
    """A connection to 127.0.0.1 from an address of the loopback network."""
    connection = socket.socket()
    try:
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.bind((source, 0))
        connection.settimeout(5)
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


def reset(connection):
    """Closes it with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
