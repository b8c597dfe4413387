# SPDX-License-Identifier: Apache-2.0
"""Ten times what fits: the bound holds, the rest is refused at once with a hint, memory stays flat."""

import threading
import time

import grpc

from conftest import dummy_cards
from test_lifecycle import wait_for

RUNNING, QUEUE = 4, 4


def test_the_bound_holds(start, request_for):
    running = start(cards=dummy_cards(2, step_us=5000), limits={"max_running": RUNNING, "max_queue": QUEUE}, log={"level": "error"})
    running.wait_ready("tiny")
    wait_for(lambda: [c.state for c in running.cards()] == ["READY", "READY"])
    request = request_for(max_tokens=40)
    request.stopping.ignore_eos = True
    expected = list(running.stub.Generate(request).token_ids)
    capacity = 2 * (RUNNING + QUEUE)
    done = threading.Event()
    lock = threading.Lock()
    replies, refusals, others = [0], [], []

    def client():
        while not done.is_set():
            began = time.monotonic()
            try:
                reply = running.stub.Generate(request, timeout=60)
                with lock:
                    replies[0] += 1
                    if list(reply.token_ids) != expected:
                        others.append(reply)
            except grpc.RpcError as error:
                metadata = dict(error.trailing_metadata())
                with lock:
                    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and metadata["grpc-retry-pushback-ms"] == metadata["retry-after-ms"]:
                        refusals.append((time.monotonic() - began, int(metadata["retry-after-ms"])))
                    else:
                        others.append(error)
                done.wait(int(metadata.get("retry-after-ms", 50)) / 1000)

    threads = [threading.Thread(target=client) for _ in range(10 * capacity)]
    for thread in threads:
        thread.start()
    most_waiting = most_running = 0
    resident = []
    for _ in range(60):
        metrics = running.metrics()
        most_waiting = max(most_waiting, *(metrics[f'streamtensor_waiting_requests{{model="tiny",card="dummy:{i}"}}'] for i in (0, 1)))
        most_running = max(most_running, *(metrics[f'streamtensor_running_requests{{model="tiny",card="dummy:{i}"}}'] for i in (0, 1)))
        resident.append(running.resources().resident_bytes)
        time.sleep(0.05)
    done.set()
    for thread in threads:
        thread.join()
    assert not others, others[0]
    assert most_running == RUNNING
    # Places that are free count: a request may wait for the step under way, though no queue is needed.
    assert QUEUE - 1 <= most_waiting <= QUEUE + RUNNING
    assert replies[0] > 2 * capacity and len(refusals) > replies[0]
    assert all(hint > 0 for _, hint in refusals)
    growth = max(resident[30:]) - max(resident[:30])
    print(f"{replies[0]} replies, {len(refusals)} refusals (slowest {max(refusals)[0]:.3f} s, measured), resident +{growth} bytes in the second half")
    assert growth < 4 << 20
    assert running.stop() == 0
