# SPDX-License-Identifier: Apache-2.0
"""The attacks: each is a function of a target and a source of random numbers, which decides everything it does. What
the server answers, or that it hangs up, is no failure of an attack; whether others suffer is judged elsewhere."""

import contextlib
import dataclasses
import json
import random
import socket
import threading
import time
import zlib

import grpc

from daemon import protos
from http2 import (CONTINUATION, DATA, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE,
                   call_headers, connect, frame, literal, message, reset, settings)

SERVICE = "/streamtensor.v1.InferenceService/"
ATTACKS = {}


@dataclasses.dataclass
class Target:
    """Where a daemon listens, and a token that it knows."""

    grpc_port: int
    http_port: int
    metrics_port: int
    model: str
    vocabulary: int
    token: str
    stop: threading.Event = dataclasses.field(default_factory=threading.Event)

    def ports(self):
        return [self.grpc_port, self.http_port, self.metrics_port]

    def channel(self):
        """A new connection."""
        return grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}", options=[("grpc.use_local_subchannel_pool", 1)])

    def metadata(self):
        return [("authorization", f"Bearer {self.token}")]

    def hold(self, seconds):
        self.stop.wait(seconds)


def attack(weight):
    """Registers an attack; one of weight 2 comes twice as often."""

    def register(function):
        ATTACKS[function.__name__] = (function, weight)
        return function

    return register


def source_of(rng):
    return f"127.0.1.{rng.randint(1, 60)}"


def request_of(target, rng, max_tokens=None):
    pb = protos().pb
    request = pb.GenerateRequest(model=target.model)
    request.tokens.ids.extend(rng.randrange(5, target.vocabulary) for _ in range(rng.randint(1, 120)))
    request.stopping.max_tokens = max_tokens or rng.randint(1, 300)
    request.stopping.ignore_eos = True
    request.sampling.temperature = rng.choice([0, 1])
    request.sampling.seed = rng.randrange(1 << 62)
    if rng.random() < 0.3:
        request.output.logprobs = rng.choice([0, 5, 20])
    return request


def send(connection, data):
    """As much as the server takes in 5 s."""
    with contextlib.suppress(OSError):
        connection.sendall(data)


@contextlib.contextmanager
def connection_to(port, rng, **options):
    connection = connect(port, source_of(rng), **options)
    try:
        yield connection
    finally:
        if rng.random() < 0.3:
            reset(connection)
        else:
            connection.close()


@attack(4)
def cancels(target, rng):
    """Streams that are left after some tokens, or with their connection."""
    with target.channel() as channel:
        stub = protos().rpc.InferenceServiceStub(channel)
        for _ in range(rng.randint(1, 6)):
            stream = stub.GenerateStream(request_of(target, rng), metadata=target.metadata(), timeout=30)
            after = rng.randint(0, 20)
            for number, _ in enumerate(stream):
                if number >= after:
                    break
            if rng.random() < 0.7:
                stream.cancel()


@attack(2)
def short_deadlines(target, rng):
    with target.channel() as channel:
        stub = protos().rpc.InferenceServiceStub(channel)
        calls = []
        for _ in range(rng.randint(1, 10)):
            call = rng.choice([stub.Generate, stub.Tokenize])
            request = request_of(target, rng)
            if call is stub.Tokenize:
                request = protos().pb.TokenizeRequest(model=target.model, text="a b " * rng.randint(1, 200000))
            calls.append(call.future(request, metadata=target.metadata(), timeout=rng.uniform(0.001, 0.05)))
        for call in calls:
            call.exception()


@attack(3)
def windows_of_zero(target, rng):
    """Calls whose client takes no byte of their replies."""
    with connection_to(target.grpc_port, rng) as connection:
        opening = PREFACE + settings(initial_window_size=rng.choice([0, 0, 1, 100])) + frame(SETTINGS, 1)
        for i in range(rng.randint(1, 20)):
            stream = 2 * i + 1
            body = message(request_of(target, rng).SerializeToString())
            opening += call_headers(stream, SERVICE + rng.choice(["GenerateStream", "Generate"]), target.token)
            opening += frame(DATA, END_STREAM, stream, body)
        send(connection, opening)
        target.hold(rng.uniform(0.5, 5))


@attack(2)
def slow_readers(target, rng):
    """A stream read a few bytes at a time, through the smallest buffer that the kernel gives."""
    with connection_to(target.grpc_port, rng, receive_bytes=2048) as connection:
        body = message(request_of(target, rng, max_tokens=300).SerializeToString())
        send(connection, PREFACE + settings() + call_headers(1, SERVICE + "GenerateStream", target.token) + frame(DATA, END_STREAM, 1, body))
        end = time.monotonic() + rng.uniform(0.5, 5)
        while time.monotonic() < end and not target.stop.is_set() and connection.recv(rng.randint(1, 64)):
            target.hold(0.05)


@attack(2)
def unfinished_messages(target, rng):
    """Calls whose message is announced large and never ends."""
    with connection_to(target.grpc_port, rng) as connection:
        send(connection, PREFACE + settings())
        for i in range(rng.randint(1, 20)):
            announced = rng.choice([1 << 10, 1 << 20, (4 << 20) - 1, 0xFFFFFFFF])
            part = b"\x00" + announced.to_bytes(4, "big") + bytes(rng.randint(0, min(announced, 16000)))
            send(connection, call_headers(2 * i + 1, SERVICE + "GenerateStream", target.token) + frame(DATA, 0, 2 * i + 1, part))
        target.hold(rng.uniform(0.5, 4))


@attack(1)
def compressed_messages(target, rng):
    """Small messages that unpack to many times their size, with a token or without one."""
    plain = rng.choice([1 << 20, 16 << 20, 64 << 20])
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    packed = packer.compress(bytes(plain)) + packer.flush()
    encoding = rng.choice(["gzip", "deflate"])
    with connection_to(target.grpc_port, rng) as connection:
        send(connection, PREFACE + settings())
        for i in range(rng.randint(1, 4)):
            opening = call_headers(2 * i + 1, SERVICE + "Generate", rng.choice([target.token, None]), [("grpc-encoding", encoding)])
            body = b"\x01" + message(packed)[1:]
            parts = [body[at : at + 16384] for at in range(0, len(body), 16384)][:4]
            send(connection, opening + b"".join(frame(DATA, 0, 2 * i + 1, part) for part in parts))
        target.hold(rng.uniform(0.2, 2))


@attack(2)
def calls_of_headers(target, rng):
    """Calls that never send their message."""
    with connection_to(target.grpc_port, rng) as connection:
        more = [(f"x-{i}", "y" * 1000) for i in range(rng.choice([0, 0, 6]))]
        send(connection, PREFACE + settings() + b"".join(
            call_headers(2 * i + 1, SERVICE + "Generate", rng.choice([target.token, None]), more) for i in range(rng.randint(10, 500))))
        target.hold(rng.uniform(0.5, 5))


@attack(1)
def idle_connections(target, rng):
    """Connections of HTTP/2 without a call, which answer what a server asks to see whether they live."""
    with contextlib.ExitStack() as stack:
        for _ in range(rng.randint(20, 150)):
            with contextlib.suppress(OSError):
                connection = stack.enter_context(contextlib.closing(connect(target.grpc_port, source_of(rng))))
                send(connection, PREFACE + settings() + frame(SETTINGS, 1))
        target.hold(rng.uniform(0.5, 5))


@attack(2)
def rapid_resets(target, rng):
    with connection_to(target.grpc_port, rng) as connection:
        send(connection, PREFACE + settings())
        body = message(request_of(target, rng).SerializeToString())
        for i in range(rng.randint(50, 500)):
            stream = 2 * i + 1
            call = call_headers(stream, SERVICE + "GenerateStream", target.token)
            if rng.random() < 0.2:
                call += frame(DATA, END_STREAM, stream, body)
            send(connection, call + frame(RST_STREAM, 0, stream, (8).to_bytes(4, "big")))


@attack(2)
def broken_frames(target, rng):
    """Frames that no peer sends, and too many of those that peers do send."""
    with connection_to(target.grpc_port, rng) as connection:
        send(connection, PREFACE + settings())
        kind = rng.randrange(6)
        if kind == 0:
            send(connection, rng.randbytes(rng.randint(1, 5000)))
        elif kind == 1:
            send(connection, frame(PING, 0, 0, b"01234567") * rng.randint(100, 2000))
        elif kind == 2:
            send(connection, settings(initial_window_size=0) * rng.randint(100, 1000))
        elif kind == 3:  # a header block that goes on and on
            send(connection, frame(HEADERS, 0, 1, literal("x-a", "b" * 1000)) + frame(CONTINUATION, 0, 1, literal("x-a", "b" * 1000)) * rng.randint(1, 300))
        elif kind == 4:
            send(connection, frame(WINDOW_UPDATE, 0, 0, (0x7FFFFFFF).to_bytes(4, "big")) * 2)
        else:
            kinds = [frame(rng.randrange(12), rng.randrange(256), rng.randrange(8), rng.randbytes(rng.randint(0, 40))) for _ in range(rng.randint(1, 50))]
            send(connection, b"".join(kinds) + frame(GOAWAY, 0, 0, bytes(8)))
        target.hold(rng.uniform(0, 1))


@attack(3)
def half_open(target, rng):
    """The beginning of a good request, and then nothing."""
    port = rng.choice(target.ports())
    if port == target.grpc_port:
        body = message(request_of(target, rng).SerializeToString())
        whole = PREFACE + settings() + call_headers(1, SERVICE + "GenerateStream", target.token) + frame(DATA, END_STREAM, 1, body)
    else:
        whole = http_request(target, rng)
    with connection_to(port, rng) as connection:
        send(connection, whole[: rng.randrange(len(whole))])
        target.hold(rng.uniform(0.5, 6))


def http_request(target, rng, **fields):
    body = json.dumps({"model": target.model, "prompt": "a b c " * rng.randint(1, 20), "max_tokens": rng.randint(1, 200),
                       "ignore_eos": True, "stream": rng.random() < 0.5, **fields})
    head = ["POST /v1/completions HTTP/1.1", "Host: localhost", f"Authorization: Bearer {target.token}", "Content-Type: application/json",
            f"Content-Length: {len(body)}"]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


@attack(3)
def trickles(target, rng):
    """A request, one byte after another."""
    with connection_to(rng.choice([target.http_port, target.metrics_port]), rng) as connection:
        end = time.monotonic() + rng.uniform(1, 6)
        for byte in http_request(target, rng):
            if time.monotonic() >= end or target.stop.is_set():
                break
            send(connection, bytes([byte]))
            target.hold(rng.uniform(0.01, 0.1))


@attack(2)
def unread_events(target, rng):
    """A reply of the OpenAI API that its client does not read."""
    with connection_to(target.http_port, rng, receive_bytes=2048) as connection:
        send(connection, http_request(target, rng, stream=True, max_tokens=300))
        target.hold(rng.uniform(0.5, 5))


@attack(2)
def many_connections(target, rng):
    port = rng.choice(target.ports())
    with contextlib.ExitStack() as stack:
        for _ in range(rng.randint(20, 150)):
            with contextlib.suppress(OSError):
                stack.enter_context(contextlib.closing(connect(port, source_of(rng))))
        target.hold(rng.uniform(0.2, 2))


@attack(3)
def oversized_calls(target, rng):
    """More than any limit allows: prompts, texts, messages, lists."""
    pb = protos().pb
    with target.channel() as channel:
        stub = protos().rpc.InferenceServiceStub(channel)
        filler = rng.choice([" ", "a", "ab ", "1 ", "\n", "é", "\U0001f600"])
        text = filler * (rng.choice([10_000, 1_000_000, 4_100_000, 5_000_000]) // len(filler.encode()))
        many = rng.randint(1000, 20000)
        requests = [
            (stub.Generate, pb.GenerateRequest(model=target.model, prompt=text)),
            (stub.Tokenize, pb.TokenizeRequest(model=target.model, text=text, parse_special=rng.random() < 0.5)),
            (stub.Detokenize, pb.DetokenizeRequest(model=target.model, token_ids=[rng.randrange(target.vocabulary)] * (50 * many))),
            (stub.Generate, pb.GenerateRequest(model=target.model, chat=pb.Chat(messages=[pb.ChatMessage(role="user", content=text[:100])] * many))),
            (stub.Generate, pb.GenerateRequest(model=target.model, prompt="x", stopping=pb.Stopping(stop_strings=["x" * 100] * many))),
            (stub.Generate, pb.GenerateRequest(model=target.model, tokens=pb.Tokens(ids=[7] * (10 * many)))),
            (stub.Generate, pb.GenerateRequest(model="m" * (100 * many), prompt="x")),
        ]
        for call, request in rng.sample(requests, rng.randint(1, 3)):
            with contextlib.suppress(grpc.RpcError):
                call(request, metadata=target.metadata(), timeout=20)


@attack(2)
def oversized_http(target, rng):
    """Heads and bodies beyond their limits, and lengths that lie."""
    with connection_to(target.http_port, rng) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer {target.token}\r\n"
        kind = rng.randrange(4)
        if kind == 0:
            send(connection, (head + "".join(f"X-{i}: {'y' * 1000}\r\n" for i in range(200)) + "\r\n").encode())
        elif kind == 1:
            send(connection, (head + f"Content-Length: {rng.choice([5 << 20, 1 << 40, 1 << 70])}\r\n\r\n").encode() + bytes(100000))
        elif kind == 2:
            send(connection, (head + "Transfer-Encoding: chunked\r\n\r\n").encode() + b"ffffff\r\n" + bytes(6 << 20))
        else:
            body = b'{"messages":' + b"[" * rng.randint(100, 1_000_000)
            send(connection, (head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        with contextlib.suppress(OSError):
            connection.recv(65536)


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + bytes([value]))


def delimited(field, contents):
    """A field of protobuf's wire format."""
    return varint(field << 3 | 2) + varint(len(contents)) + contents


@attack(2)
def tiny_fields(target, rng):
    """Messages of millions of fields of two bytes, each of which stands for an object."""
    count = rng.choice([1000, 60_000, 500_000, 2_000_000])
    kind = rng.choice(["chat", "stop", "bias", "tokens", "unknown", "groups"])
    body = {
        "chat": lambda: delimited(3, delimited(1, b"") * count),
        "stop": lambda: delimited(6, delimited(3, b"") * count),
        "bias": lambda: delimited(5, delimited(8, b"") * count),
        "tokens": lambda: delimited(4, b"\x08\x05" * count),  # not packed
        "unknown": lambda: b"\x78\x01" * count,
        "groups": lambda: b"\x7b\x7c" * (count // 2),
    }[kind]()
    message_bytes = delimited(1, target.model.encode()) + body
    with target.channel() as channel:
        call = rng.choice([channel.unary_unary(SERVICE + name) for name in ("Generate", "Tokenize", "Detokenize", "ListModels")]
                          + [channel.unary_stream(SERVICE + "GenerateStream")])
        answers = [call(message_bytes, metadata=target.metadata(), timeout=20) if isinstance(call, grpc.UnaryStreamMultiCallable)
                   else call.future(message_bytes, metadata=target.metadata(), timeout=20) for _ in range(rng.randint(1, 6))]
        for answer in answers:
            if rng.random() < 0.3:
                answer.cancel()
            else:
                with contextlib.suppress(grpc.RpcError, grpc.FutureCancelledError):
                    answer.exception()


@attack(2)
def large_json(target, rng):
    """Bodies of up to 4 MiB that are JSON, most of which its reader must build before it can refuse them."""
    count = rng.choice([1000, 60_000, 250_000])
    body = rng.choice([
        lambda: '"prompt":[' + ",".join(["7"] * count) + "]",
        lambda: '"prompt":[' + ",".join(["[7]"] * count) + "]",
        lambda: '"prompt":"' + "\\u00e9" * (2 * count) + '"',
        lambda: '"messages":[' + ",".join(['{"role":"user","content":""}'] * (count // 2)) + "]",
        lambda: '"logit_bias":{' + ",".join(f'"{i}":1' for i in range(count)) + "}",
        lambda: '"prompt":"x","metadata":{' + ",".join(f'"{i}":{{}}' for i in range(count)) + "}",
    ])()
    text = f'{{"model":"{target.model}",{body}}}'.encode()
    head = (f"POST /v1/{rng.choice(['completions', 'chat/completions'])} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {target.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n").encode()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connection_to(target.http_port, rng)) for _ in range(rng.randint(1, 4))]
        for connection in connections:
            send(connection, head + text)
        for connection in connections:
            if rng.random() < 0.7:
                with contextlib.suppress(OSError):
                    connection.recv(65536)


@attack(2)
def unfinished_bodies(target, rng):
    """Bodies that lack their last byte, of good requests, of probes and of lists."""
    paths = [(target.http_port, "POST /v1/completions"), (target.http_port, "GET /v1/models"), (target.metrics_port, "GET /healthz")]
    port, path = rng.choice(paths)
    announced = rng.choice([1 << 16, 1 << 20, 4 << 20])
    head = (f"{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {target.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {announced}\r\n\r\n").encode()
    with contextlib.ExitStack() as stack:
        for _ in range(rng.randint(1, 30)):
            with contextlib.suppress(OSError):
                send(stack.enter_context(connection_to(port, rng)), head + bytes(announced - 1))
        target.hold(rng.uniform(0.2, 2))


@attack(2)
def chunked_bodies(target, rng):
    """Bodies in chunks: long extensions, chunks of a byte, trailers without end and with long fields."""
    head = (f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {target.token}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
    text = json.dumps({"model": target.model, "prompt": "a b", "max_tokens": 2}).encode()
    whole = b"%x\r\n%s\r\n" % (len(text), text)
    rest = rng.choice([
        lambda: b"2;" + b"x" * rng.choice([100, 70_000, 1 << 20]) + b"\r\n{}\r\n0\r\n\r\n",
        lambda: b"".join(b"1\r\n%c\r\n" % byte for byte in text) + b"0\r\n\r\n",
        lambda: whole + b"0\r\nX: " + b"y" * rng.choice([100, 60_000, 70_000, 1 << 20]) + b"\r\n\r\n",
        lambda: whole + b"0\r\n" + b"X" * 70_000 + b": y\r\n\r\n",
        lambda: whole + b"0\r\n" + b"X: yyyyyyyyyy\r\n" * rng.choice([100, 10_000, 300_000]),
    ])()
    with connection_to(target.http_port, rng) as connection:
        send(connection, head + rest)
        with contextlib.suppress(OSError):
            connection.recv(65536)


@attack(1)
def many_replies(target, rng):
    """One HTTP request for many replies."""
    with connection_to(target.http_port, rng) as connection:
        send(connection, http_request(target, rng, n=rng.randint(2, 64), prompt=["a b"] * rng.randint(1, 2), temperature=1))
        with contextlib.suppress(OSError):
            connection.recv(65536)


@attack(1)
def strangers(target, rng):
    """Requests without a token, or with a guessed one."""
    with target.channel() as channel:
        stub = protos().rpc.InferenceServiceStub(channel)
        for _ in range(rng.randint(1, 30)):
            metadata = rng.choice([(), [("authorization", f"Bearer {rng.randbytes(16).hex()}")], [("authorization", "Basic x")]])
            with contextlib.suppress(grpc.RpcError):
                stub.Generate(request_of(target, rng), metadata=metadata, timeout=20)


@attack(2)
def nonsense(target, rng):
    """Fields of every kind out of their ranges, and messages that are none."""
    pb = protos().pb
    with target.channel() as channel:
        stub = protos().rpc.InferenceServiceStub(channel)
        raw = channel.unary_unary(SERVICE + "Generate")
        for _ in range(rng.randint(1, 20)):
            request = request_of(target, rng)
            rng.choice([
                lambda r: setattr(r.sampling, "temperature", rng.choice([-1, float("nan"), float("inf"), 1e30])),
                lambda r: setattr(r.sampling, "top_p", rng.choice([-1, 2, float("nan")])),
                lambda r: setattr(r.sampling, "repetition_penalty", rng.choice([-1, 0, float("nan"), 1e-30])),
                lambda r: setattr(r.stopping, "max_tokens", rng.choice([0, 0xFFFFFFFF])),
                lambda r: setattr(r.output, "logprobs", 0xFFFFFFFF),
                lambda r: r.tokens.ids.append(rng.choice([target.vocabulary, 0xFFFFFFFF])),
                lambda r: r.sampling.logit_bias.extend([pb.LogitBias(token_id=rng.randrange(1 << 32), bias=float("nan"))] * rng.randint(1, 2000)),
            ])(request)
            with contextlib.suppress(grpc.RpcError):
                if rng.random() < 0.7:
                    stub.Generate(request, metadata=target.metadata(), timeout=20)
                else:
                    body = bytearray(request.SerializeToString())
                    for _ in range(rng.randint(1, 8)):
                        body[rng.randrange(len(body))] = rng.randrange(256)
                    raw(bytes(body), metadata=target.metadata(), timeout=20)


def run_attacker(target, seed, counts, failures):
    """Attacks in the order that the seed says, until told to stop. `counts`: how often each came."""
    rng = random.Random(seed)
    names = list(ATTACKS)
    weights = [ATTACKS[name][1] for name in names]
    while not target.stop.is_set():
        name = rng.choices(names, weights)[0]
        # A source of its own: what it draws does not depend on how far a server let it come.
        own = random.Random(rng.randrange(1 << 62))
        try:
            ATTACKS[name][0](target, own)
        except (OSError, grpc.RpcError, ValueError, socket.timeout):
            pass  # refused, cut off, or too late: a channel that the end of an attack has closed says ValueError
        except Exception as failure:  # a mistake of the attack itself
            failures.append(f"{name}: {failure!r}")
            return
        counts[name] = counts.get(name, 0) + 1
