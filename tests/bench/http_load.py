#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Streams from the OpenAI-compatible endpoint, a closed loop: what `streamtensorctl bench` is for gRPC.

    tests/bench/http_load.py HOST:PORT --model M --concurrency N --seconds S [--prompt-tokens 8] [--max-tokens 64]

Each stream has a connection, which it keeps. Prints one object: when the events of a stream came, by this program's
clock. A plain poll loop: a client of the openai package for each stream would be busier than the daemon.
"""

import argparse
import json
import random
import selectors
import socket
import time

END = b"data: [DONE]\n\n\r\n0\r\n\r\n"


class Stream:
    """One connection and the reply it reads."""

    def __init__(self, address, request):
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        self.gaps = []
        self.replies = 0
        self.send()

    def send(self):
        self.socket.sendall(self.request)
        self.tail, self.last, self.is_checked = b"", None, False

    def read(self, now):
        """False: the reply has ended."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise SystemExit("the daemon hung up in mid-stream")
        if not self.is_checked:
            if not data.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"the daemon answers {data[:300]!r}")
            self.is_checked = True
        # Events that come at once count as as many equal gaps, as in streamtensorctl bench.
        events = data.count(b"data: {")
        if self.last is not None and events:
            self.gaps += [(now - self.last) / events] * events
        if events:
            self.last = now
        self.tail = (self.tail + data)[-len(END):]
        if self.tail != END:
            return True
        self.replies += 1
        return False


def run(address, arguments):
    random.seed(arguments.seed)
    poll = selectors.DefaultSelector()
    streams = []
    for _ in range(arguments.concurrency):
        body = json.dumps({
            "model": arguments.model, "prompt": [random.randrange(256) for _ in range(arguments.prompt_tokens)], "temperature": 0,
            "max_tokens": arguments.max_tokens, "ignore_eos": True, "stream": True,
        })
        head = f"POST /v1/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        streams.append(Stream(address, (head + body).encode()))
        poll.register(streams[-1].socket, selectors.EVENT_READ, streams[-1])
    end = time.monotonic() + arguments.seconds
    open_streams = len(streams)
    while open_streams:
        for key, _ in poll.select(timeout=60):
            now = time.monotonic()
            if key.data.read(now):
                continue
            if now < end:
                key.data.send()
            else:
                poll.unregister(key.fileobj)
                open_streams -= 1
    return streams


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server")
    parser.add_argument("--model", required=True)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--prompt-tokens", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1, help="of the prompts")
    arguments = parser.parse_args()
    host, port = arguments.server.rsplit(":", 1)
    streams = run((host, int(port)), arguments)
    gaps = sorted(gap for stream in streams for gap in stream.gaps)
    print(json.dumps({"measured": {
        "replies": sum(stream.replies for stream in streams), "itl_seconds": {"p50": gaps[len(gaps) // 2], "p99": gaps[99 * len(gaps) // 100]},
    }}))


if __name__ == "__main__":
    main()
