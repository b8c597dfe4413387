# SPDX-License-Identifier: Apache-2.0
"""It is the card that computes: its process takes the time, and without it there is no token."""

import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def card_of(daemon):
    cards = [p for p in children(daemon.process.pid) if os.path.basename(os.readlink(f"/proc/{p}/exe")) == "streamtensor-card"]
    assert len(cards) == 1, cards
    return cards[0]


def start_stream(daemon, max_tokens):
    request = daemon.pb.GenerateRequest(model="smollm2", prompt="The history of the river begins")
    request.sampling.temperature = 0
    request.stopping.max_tokens = max_tokens
    request.stopping.ignore_eos = True
    messages = queue.Queue()

    def read():
        for message in daemon.stub.GenerateStream(request, timeout=300):
            messages.put(message)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return messages, thread


def test_the_card_takes_the_time(daemon):
    card = card_of(daemon)
    messages, thread = start_stream(daemon, 400)
    messages.get(timeout=60)
    others = [daemon.process.pid] + [p for p in children(daemon.process.pid) if p != card]
    before_card, before_others = cpu_seconds(card), sum(map(cpu_seconds, others))
    thread.join(timeout=300)
    card_time, other_time = cpu_seconds(card) - before_card, sum(map(cpu_seconds, others)) - before_others
    share = card_time / (card_time + other_time)
    print(f"CPU time while streaming: card {card_time:.2f} s, daemon {other_time:.2f} s, share {share:.3f}")
    assert card_time > 0.5
    assert share >= 0.85


def test_an_idle_card_rests(daemon):
    card = card_of(daemon)
    before, began = cpu_seconds(card), time.monotonic()
    time.sleep(3)
    assert cpu_seconds(card) - before < 0.01 * (time.monotonic() - began) + 1 / TICK


def test_a_stopped_card_gives_no_token(daemon):
    card = card_of(daemon)
    messages, thread = start_stream(daemon, 300)
    messages.get(timeout=60)
    os.kill(card, signal.SIGSTOP)
    try:
        time.sleep(0.5)  # what was computed before arrives
        while not messages.empty():
            messages.get()
        time.sleep(2)
        assert messages.empty(), "a token without a card"
        assert thread.is_alive()
    finally:
        os.kill(card, signal.SIGCONT)
    assert messages.get(timeout=60).text
    thread.join(timeout=300)


def test_the_daemon_holds_no_kernel(binaries):
    symbols = subprocess.run(["nm", "-C", binaries / "streamtensord"], check=True, capture_output=True, text=True).stdout
    assert "streamtensor::server" in symbols
    for kernel in ("st_launch", "st::engine", "st::attention", "st::quantize", "hls::"):
        assert kernel not in symbols, kernel
