#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What hostile clients cost a daemon, one figure a line.

    tests/bench/hostile_clients.py build/bin MODEL.gguf [--compiler build/bin/streamtensorc] [--cache FOLDER]

Serves MODEL on one emulated card. Times are this client's; memory is the daemon's resident set."""

import argparse
import os
import pathlib
import resource
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "integration"), str(TESTS / "attack")]

import grpc  # noqa: E402
from daemon import Daemon, free_ports  # noqa: E402
from http2 import DATA, END_STREAM, PREFACE, call_headers, connect, frame, message, settings  # noqa: E402

METHOD = "/streamtensor.v1.InferenceService/GenerateStream"
SPACES = " " * 4_000_000


def request_of(daemon, max_tokens=16, **fields):
    request = daemon.pb.GenerateRequest(model="m", **fields)
    if not request.WhichOneof("input"):
        request.prompt = "Once upon a time"
    request.sampling.temperature = 0
    request.stopping.max_tokens = max_tokens
    request.stopping.ignore_eos = True
    return request


def timed(call, *arguments, **options):
    began = time.monotonic()
    try:
        call(*arguments, **options)
    except grpc.RpcError:
        pass
    return time.monotonic() - began


def processor_seconds(daemon):
    fields = pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_tokens(daemon, stop):
    """Times to the first token of short streams, one after another, until told to stop."""
    times = []
    while not stop.is_set():
        began = time.monotonic()
        next(iter(daemon.stub.GenerateStream(request_of(daemon, max_tokens=1), timeout=60)))
        times.append(time.monotonic() - began)
    return times


def long_prompts(daemon):
    """Item 5: four prompts of 4 MB of spaces, and what new streams notice of them."""
    stop, result = threading.Event(), []
    watcher = threading.Thread(target=lambda: result.extend(first_tokens(daemon, stop)))
    watcher.start()
    time.sleep(1)
    times = []
    callers = [threading.Thread(target=lambda: times.append(timed(daemon.stub.Generate, request_of(daemon, prompt=SPACES)))) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    stop.set()
    watcher.join()
    yield "four prompts of 4 MB of spaces: until the last is refused", f"{max(times):.2f} s"
    yield "longest time to the first token of a short stream beside them", f"{max(result) * 1e3:.0f} ms (median {statistics.median(result) * 1e3:.0f})"
    text = daemon.pb.TokenizeRequest(model="m", text=SPACES)
    before = processor_seconds(daemon)
    seconds = timed(daemon.stub.Tokenize, text)
    yield "`Tokenize` of 4 MB of spaces: until it is refused", f"{seconds:.2f} s, {processor_seconds(daemon) - before:.2f} s of processor time"


def growth_of(daemon, clients, hold_seconds=3):
    """Resident bytes that clients' connections add, and what stays when they are gone."""
    before = daemon.resources().resident_bytes
    connections = clients()
    time.sleep(hold_seconds)
    during = daemon.resources().resident_bytes - before
    for connection in connections:
        connection.close()
    time.sleep(5)
    return during, daemon.resources().resident_bytes - before


def window_of_zero(daemon, streams, body, finished=True):
    connection = connect(daemon.grpc_port)
    part = message(body) if finished else b"\x00" + (4 << 20).to_bytes(4, "big") + body
    connection.sendall(PREFACE + settings(initial_window_size=0))
    for stream in range(1, 2 * streams, 2):
        opening = call_headers(stream, METHOD, None)
        parts = [part[at : at + 16384] for at in range(0, len(part), 16384)]
        for number, each in enumerate(parts):
            opening += frame(DATA, END_STREAM if finished and number + 1 == len(parts) else 0, stream, each)
        try:
            connection.settimeout(1)
            connection.sendall(opening)
        except OSError:  # the server takes no more
            break
    return connection


def memory(daemon):
    """Item 6: replies that nobody takes, tiny requests, messages without an end."""
    reply = request_of(daemon, max_tokens=400)
    reply.output.logprobs = 20
    during, after = growth_of(daemon, lambda: [window_of_zero(daemon, 1, reply.SerializeToString()) for _ in range(120)], 20)
    yield "120 clients with a window of 0: resident bytes", f"{during / 120 / 1e6:+.2f} MB each, {after / 1e6:+.1f} MB afterwards"
    tiny = request_of(daemon, max_tokens=1).SerializeToString()
    during, after = growth_of(daemon, lambda: [window_of_zero(daemon, 2000, tiny)])
    yield "2,000 tiny requests on one connection", f"{during / 2000 / 1e3:+.1f} kB each, {after / 1e6:+.1f} MB afterwards"
    during, after = growth_of(daemon, lambda: [window_of_zero(daemon, 1, bytes(3_900_000), finished=False) for _ in range(20)])
    yield "20 messages of 4 MB that do not end", f"{during / 20 / 1e6:+.2f} MB each, {after / 1e6:+.1f} MB afterwards"


def calls_without_a_message(daemon):
    """Item 6: 50,000 calls of one address that never send more than their headers."""
    connections = []

    def open_calls():
        for _ in range(500):
            connection = connect(daemon.grpc_port)
            connection.settimeout(5)
            opening = PREFACE + settings()
            for stream in range(1, 200, 2):
                opening += call_headers(stream, METHOD, None)
            connection.sendall(opening)
            connections.append(connection)

    before = peak = daemon.resources().resident_bytes
    opener = threading.Thread(target=open_calls)
    opener.start()
    end = time.monotonic() + 30
    while opener.is_alive() or time.monotonic() < end:
        peak = max(peak, daemon.resources().resident_bytes)
        time.sleep(0.05)
    held = daemon.resources().resident_bytes
    for connection in connections:
        connection.close()
    time.sleep(5)
    most, later, at_last = ((resident - before) / 1e6 for resident in (peak, held, daemon.resources().resident_bytes))
    figure = f"{most:+.0f} MB at most, {later:+.0f} MB after 30 s, {at_last:+.0f} MB without them"
    yield "50,000 calls without a message, one address: resident bytes", figure


def template(daemon):
    """Item 8: a chat that its template takes long for, with a deadline."""
    pb = daemon.pb
    chat = pb.Chat(messages=[pb.ChatMessage(role="user", content="x" * 30)] * 60000)
    yield "chat of 60,000 messages, deadline 0.2 s: until it is answered", f"{timed(daemon.stub.Generate, request_of(daemon, chat=chat), timeout=0.2):.2f} s"
    yield "the same without a deadline: until it is refused", f"{timed(daemon.stub.Generate, request_of(daemon, chat=chat)):.2f} s"


def card_process(daemon):
    """Item 9, from /proc."""
    (pid,) = daemon.children()
    process = pathlib.Path(f"/proc/{pid}")
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    yield "card process: bytes of environment", str(len((process / "environ").read_bytes()))
    yield "card process: capabilities (effective), limit of core files", f"{int(status['CapEff'], 16)}, {resource.prlimit(pid, resource.RLIMIT_CORE)[0]}"
    space = resource.prlimit(pid, resource.RLIMIT_AS)[0]
    yield "card process: limit of address space", "none" if space == resource.RLIM_INFINITY else f"{space / 2**30:.1f} GiB"


def probes(daemon, http_port):
    """Item 10: probes beside 1,000 idle connections to each HTTP port."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    idle = [socket.create_connection(("127.0.0.1", port)) for port in (daemon.metrics_port, http_port) for _ in range(1000)]
    times = [timed(daemon.http, "/healthz") for _ in range(200)]
    for connection in idle:
        connection.close()
    yield "1,000 idle connections to each HTTP port: `/healthz`", f"median {statistics.median(times) * 1e3:.1f} ms, slowest of 200 {max(times) * 1e3:.1f} ms"


def shutdown(daemon):
    """Items 8 and 5: SIGTERM beside work of all kinds; drain_seconds is 1."""
    pb = daemon.pb
    chat = pb.Chat(messages=[pb.ChatMessage(role="user", content="x" * 30)] * 60000)
    for request in (request_of(daemon, prompt=SPACES), request_of(daemon, chat=chat), request_of(daemon, max_tokens=1000)) * 2:
        daemon.stub.Generate.future(request)
    held = window_of_zero(daemon, 1, request_of(daemon, max_tokens=400).SerializeToString())
    time.sleep(0.3)
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait(timeout=120)
    held.close()
    return "SIGTERM beside long prompts, long chats and unread replies (`drain_seconds: 1`)", f"{time.monotonic() - began:.2f} s"


def unread_log(options, models, cache):
    """Item 7: a pipe that nobody reads takes the log."""
    reader, writer = os.pipe()
    daemon = Daemon(options.binary_dir, models, cache_dir=cache, extra={"log": {"prompts": True}, "compiler": compiler_of(options)}, log=writer)
    with daemon:
        daemon.wait_ready("m", timeout=600)
        while daemon.metrics()["streamtensor_log_lines_dropped_total"] < 3:
            timed(daemon.stub.Generate, request_of(daemon, prompt="x" * 1_000_000))
        times = [timed(daemon.stub.Generate, request_of(daemon, max_tokens=1)) for _ in range(20)]
        figure = f"median {statistics.median(times) * 1e3:.0f} ms, slowest of 20 {max(times) * 1e3:.0f} ms"
        yield "a log that nobody reads, lines lost: a request of one token", figure
        began = time.monotonic()
        daemon.stop()
        yield "the same: SIGTERM", f"{time.monotonic() - began:.2f} s"
    os.close(reader)
    os.close(writer)


def compiler_of(options):
    return {"program": str(options.compiler)} if options.compiler else {}


def tell(item, lines):
    for what, figure in lines:
        print(f"| {item} | {what} | {figure} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--compiler", type=pathlib.Path, help="a streamtensorc of another folder")
    parser.add_argument("--cache", type=pathlib.Path, help="a cache folder to use and keep")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = options.cache or pathlib.Path(folder)
        models = [{"name": "m", "source": str(options.model)}]
        (http_port,) = free_ports(1)
        extra = {"limits": {"drain_seconds": 1, "slow_reader_seconds": 10}, "compiler": compiler_of(options), "log": {"level": "error"}}
        with Daemon(options.binary_dir, models, cache_dir=cache, extra=extra, server={"http_listen": f"127.0.0.1:{http_port}"}) as daemon:
            daemon.wait_ready("m", timeout=600)
            timed(daemon.stub.Generate, request_of(daemon))
            tell(5, long_prompts(daemon))
            tell(6, memory(daemon))
            tell(6, calls_without_a_message(daemon))
            tell(8, template(daemon))
            tell(9, card_process(daemon))
            tell(10, probes(daemon, http_port))
            tell(8, [shutdown(daemon)])
        tell(7, unread_log(options, models, cache))


if __name__ == "__main__":
    main()
