# SPDX-License-Identifier: Apache-2.0
"""Clients that go away in mid-stream, again and again: memory, descriptors and threads stay where they are.
STREAMTENSOR_DISCONNECTS says how many (10,000)."""

import os
import threading

import grpc

from conftest import BIN, assert_nothing_left, cards_are_idle, run_threads, wait_for
from daemon import Daemon, protos

COUNT = int(os.environ.get("STREAMTENSOR_DISCONNECTS", "10000"))
CLIENTS = 8


def test_nothing_grows(artifact, tmp_path):
    cards = [{"driver": "dummy", "index": i, "step_us": 200} for i in range(2)]
    with Daemon(BIN, [{"name": "tiny", "artifact": str(artifact)}], cards, tmp_path / "cache", {"log": {"level": "error"}}) as daemon:
        daemon.wait_ready("tiny")
        lock = threading.Lock()
        met = [0]

        def disconnect(count):
            """So many streams that are left after their first message; some take their connection with them."""

            def client(number):
                request = daemon.pb.GenerateRequest(model="tiny", prompt=f"client {number} " + "x" * (17 * number))
                request.stopping.max_tokens = 400
                request.stopping.ignore_eos = True
                for i in range(count // CLIENTS):
                    channel = grpc.insecure_channel(daemon.server, options=[("grpc.use_local_subchannel_pool", 1)]) if i % 25 == 0 else None
                    stub = daemon.stub if channel is None else protos().rpc.InferenceServiceStub(channel)
                    stream = stub.GenerateStream(request, timeout=60)
                    tokens = next(iter(stream)).token_ids
                    with lock:
                        met[0] += len(tokens)
                    if channel is None:
                        stream.cancel()
                    else:
                        channel.close()

            run_threads([lambda n=n: client(n) for n in range(CLIENTS)])
            wait_for(lambda: cards_are_idle(daemon), "idle cards")
            return daemon.resources()

        before = disconnect(max(200, COUNT // 10))
        after = disconnect(COUNT)
        grown = after.resident_bytes - before.resident_bytes
        print(f"{COUNT} disconnects: {before} -> {after}, {grown / COUNT:.0f} bytes each")
        assert met[0] >= COUNT
        # Far below what one stream holds: what grows is the heap's fragmentation, once.
        assert grown < (4 << 20) + 64 * COUNT
        assert_nothing_left(daemon, before)
