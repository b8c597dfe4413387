# SPDX-License-Identifier: Apache-2.0
"""Memory that clients make the daemon hold: bounded by call, by connection, by address and in time, and given back."""

import contextlib
import itertools
import socket
import threading
import time
import zlib

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from conftest import dummy_cards, write_artifact
from daemon import free_ports
from raw_http2 import MAX_CONCURRENT_STREAMS, RawClient
from test_lifecycle import wait_for

MIB = 1 << 20


@pytest.fixture(scope="module")
def large_vocabulary(tmp_path_factory):
    """What a token costs by the size of the vocabulary shows."""
    return write_artifact(tmp_path_factory.mktemp("large"), max_context=4096, vocabulary=50000)


def resident(running):
    return running.resources().resident_bytes


def settled(running, seconds=11):
    """Resident bytes when they no longer fall; freed memory is returned within seconds."""
    least, since = resident(running), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.25)
        if (now := resident(running)) < least:
            least, since = now, time.monotonic()
    return least


def idle(running, model="tiny"):
    metrics = running.metrics()
    return not any(value for name, value in metrics.items() if name.startswith(("streamtensor_running_requests", "streamtensor_waiting_requests")))


def read_all(clients):
    for client in clients:
        while client.read():
            pass


def leave_unread(running, messages):
    """120 clients with a window of 0 make one call each; the resident bytes at most, when all calls have ended, and when
    the clients are gone."""
    clients = [RawClient(running.grpc_port) for _ in range(120)]
    most = 0
    for client, (method, message) in zip(clients, itertools.cycle(messages.items())):
        client.call(method, message)

    def ended():
        nonlocal most
        most = max(most, resident(running))
        read_all(clients)
        return idle(running) and all(client.reset for client in clients)

    wait_for(ended, seconds=240)
    with_clients = settled(running)
    for client in clients:
        client.close()
    return most, with_clients, settled(running)


def test_clients_that_read_nothing(start, request_for, large_vocabulary):
    """They ask for long replies, streamed and not, and for the text of many tokens."""
    limits = {"slow_reader_seconds": 3, "max_queue": 1000}
    running = start(models=[{"name": "tiny", "artifact": str(large_vocabulary)}], limits=limits)
    running.wait_ready("tiny")
    request = request_for(max_tokens=300, temperature=1.0)
    request.stopping.ignore_eos = True
    request.output.logprobs = 20
    tokens = running.pb.DetokenizeRequest(model="tiny", token_ids=[300] * 4000)
    messages = {name: message.SerializeToString() for name, message in
                (("Generate", request), ("GenerateStream", request), ("Detokenize", tokens))}
    fresh = settled(running)
    _, _, before = leave_unread(running, messages)  # threads, pools and arenas grow once
    most, with_clients, after = leave_unread(running, messages)
    print("resident MiB: fresh {:.1f}, before {:.1f}, at most {:.1f}, with 120 clients {:.1f}, after {:.1f}".format(
        *(value / MIB for value in (fresh, before, most, with_clients, after))))
    assert running.metrics()["streamtensor_unread_replies_total"] >= 160, "of two times 80 whole replies and texts"
    assert with_clients - before < 120 * (256 << 10), "a connection's own memory, not a reply's"
    assert after <= 1.1 * before
    assert running.stub.Generate(request_for(max_tokens=5)).usage.completion_tokens == 5
    assert running.stop() == 0


def test_many_tiny_requests_on_one_connection(start, request_for, large_vocabulary):
    running = start(models=[{"name": "tiny", "artifact": str(large_vocabulary)}], cards=dummy_cards(step_us=1000),
                    limits={"max_queue": 3000, "max_running": 3000}, server={"max_streams_per_connection": 3000})
    running.wait_ready("tiny")
    request = request_for(prompt="h", max_tokens=400, temperature=1.0)
    request.stopping.ignore_eos = True
    message = request.SerializeToString()

    def ask():
        client = RawClient(running.grpc_port, window=1 << 20)
        for _ in range(2000):
            client.call("GenerateStream", message)
            client.read()
        return client

    ask().close()  # threads, pools and arenas grow once
    wait_for(lambda: idle(running), seconds=240)
    before = settled(running)
    generated = running.metrics()['streamtensor_generated_tokens_total{model="tiny"}']
    client = ask()

    def load():
        kinds = ("streamtensor_running_requests", "streamtensor_waiting_requests")
        return sum(value for name, value in running.metrics().items() if name.startswith(kinds))

    wait_for(lambda: load() >= 2000, seconds=240)
    # Every request has its turn: its sampler is used.
    wait_for(lambda: running.metrics()['streamtensor_generated_tokens_total{model="tiny"}'] > generated + 4000, seconds=240)
    each = (resident(running) - before) / 2000
    print(f"{each / 1024:.1f} KiB a request")
    assert each < 64 << 10, "a request costs what it uses"
    client.close()
    wait_for(lambda: idle(running), seconds=240)
    after = settled(running)
    print(f"resident: before {before / MIB:.1f} MiB, after {after / MIB:.1f}")
    assert after <= 1.1 * before
    assert running.stop() == 0


def test_a_whole_reply_is_bounded(start, request_for, tmp_path):
    """A reply larger than a client takes as one message ends, and says what to do; streamed it arrives."""
    artifact = write_artifact(tmp_path / "long", max_context=20000)
    running = start(models=[{"name": "tiny", "artifact": str(artifact)}], server={"http_listen": f"127.0.0.1:{(port := free_ports(1)[0])}"})
    running.wait_ready("tiny")
    request = request_for(max_tokens=18000)
    request.stopping.ignore_eos = True
    request.output.logprobs = 20
    with pytest.raises(grpc.RpcError) as error:
        running.stub.Generate(request, timeout=120)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "stream it" in error.value.details()
    assert sum(len(part.token_ids) for part in running.stub.GenerateStream(request, timeout=120)) == 18000
    import openai

    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
    options = {"model": "tiny", "prompt": "hello", "max_tokens": 3000, "extra_body": {"ignore_eos": True}}
    assert client.completions.create(**options, n=2).usage.completion_tokens == 6000
    with pytest.raises(openai.BadRequestError, match="stream it"):
        client.completions.create(**options, n=2, logprobs=20)
    assert running.stop() == 0


def test_connections_are_bounded(start, request_for, protos):
    running = start(server={"max_connections_per_address": 3})
    running.wait_ready("tiny")  # the daemon's own client is one
    rejected = 'streamtensor_connections_rejected_total{port="grpc"}'
    assert running.metrics()[rejected] == 0
    clients = [RawClient(running.grpc_port, window=65535) for _ in range(2)]
    for client in clients:
        client.call("ListModels", b"")
        wait_for(lambda: client.read(0.1) and client.answered)  # noqa: B023
    # A client library gives up at once, and tries again later; the text says why.
    channel = grpc.insecure_channel(running.server, options=[("grpc.use_local_subchannel_pool", 1)])
    with pytest.raises(grpc.RpcError) as error:
        protos.rpc.InferenceServiceStub(channel).ListModels(protos.pb.ListModelsRequest(), timeout=10)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    channel.close()
    refused = RawClient(running.grpc_port)
    while refused.read(5):
        pass
    assert refused.refusal.endswith("there are 3 connections from 127.0.0.1, which is the limit of an address\n")
    assert running.metrics()[rejected] >= 2
    # Whoever is in is served; a place that is left is free.
    assert running.stub.Generate(request_for(max_tokens=3)).usage.completion_tokens == 3
    clients[0].close()

    def served():
        client = RawClient(running.grpc_port, window=65535)
        try:
            client.call("ListModels", b"")
            client.read(5)
            client.read(1)
            return client.answered
        finally:
            client.close()

    wait_for(served)
    before = running.resources().descriptors
    for _ in range(200):
        RawClient(running.grpc_port).close()
    wait_for(lambda: running.resources().descriptors <= before)
    assert running.stop() == 0


def test_all_connections_are_bounded(start, request_for):
    """When all places are taken, the oldest connection that does nothing gives way, of the address that has most."""
    running = start(cards=dummy_cards(step_us=100000), server={"max_connections": 5, "max_connections_per_address": 3})
    running.wait_ready("tiny")  # the daemon's own client is one, of another address
    request = request_for(max_tokens=400)
    request.stopping.ignore_eos = True
    busy = RawClient(running.grpc_port, window=65535, source="127.0.0.2")
    busy.call("GenerateStream", request.SerializeToString())
    wait_for(lambda: busy.read(0.1) and busy.answered)
    idle = [RawClient(running.grpc_port, source="127.0.0.2") for _ in range(2)]
    for client in idle:
        client.read(5)
        client.open("Generate")  # without a message: that is no work
    alone = RawClient(running.grpc_port, source="127.0.0.3")
    alone.read(5)

    def is_open(client):
        while client.read(0.1):
            pass
        return client.is_open

    newcomers = []
    for number, client in enumerate(idle):
        newcomers.append(RawClient(running.grpc_port, source=f"127.0.0.{4 + number}"))
        newcomers[-1].read(5)
        wait_for(lambda: not is_open(client))  # noqa: B023
        assert [is_open(each) for each in (busy, alone, *idle[number + 1:])] == [True] * (3 - number)
    assert running.stub.Generate(request_for(max_tokens=2)).usage.completion_tokens == 2
    assert is_open(busy)
    assert running.stop() == 0


def test_connections_that_work_do_not_give_way(start, request_for):
    running = start(cards=dummy_cards(step_us=100000), server={"max_connections": 3})
    running.wait_ready("tiny")
    request = request_for(max_tokens=400)
    request.stopping.ignore_eos = True
    busy = [RawClient(running.grpc_port, window=65535) for _ in range(2)]
    stream = running.stub.GenerateStream(request)
    next(stream)
    for client in busy:
        client.call("GenerateStream", request.SerializeToString())
        wait_for(lambda: client.read(0.1) and client.answered)  # noqa: B023
    refused = RawClient(running.grpc_port)
    while refused.read(5):
        pass
    assert refused.refusal.endswith("the server has 3 connections, which is its limit\n")
    stream.cancel()
    assert running.stop() == 0


def test_calls_of_a_connection_are_bounded(start, request_for):
    running = start(cards=dummy_cards(step_us=20000), server={"max_streams_per_connection": 5})
    running.wait_ready("tiny")
    client = RawClient(running.grpc_port)
    client.read(5)
    assert client.settings[MAX_CONCURRENT_STREAMS] == 5
    request = request_for(max_tokens=400)
    request.stopping.ignore_eos = True
    for _ in range(20):
        client.call("GenerateStream", request.SerializeToString())
    wait_for(lambda: (client.read(0.1), len(client.reset) >= 15 or not client.is_open)[1])
    # A client library lets its further calls wait.
    quick = request_for(max_tokens=2)
    outcomes = [running.stub.Generate.future(quick) for _ in range(30)]
    assert all(outcome.result(timeout=60).usage.completion_tokens == 2 for outcome in outcomes)
    client.close()
    assert running.stop() == 0


def test_messages_are_bounded(start, request_for):
    running = start(server={"max_message_bytes": "128KiB", "http_listen": f"127.0.0.1:{(port := free_ports(1)[0])}"})
    running.wait_ready("tiny")
    with pytest.raises(grpc.RpcError) as error:
        running.stub.Generate(request_for(prompt="x" * (200 << 10)))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "131072" in error.value.details()
    import openai

    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
    with pytest.raises(openai.APIStatusError) as refused:
        client.completions.create(model="tiny", prompt="x" * (200 << 10))
    assert refused.value.status_code == 413
    assert running.stop() == 0


def test_messages_that_never_end(start, request_for):
    """Clients begin messages of 4 MiB and never end them: gRPC's memory is bounded, honest clients are served."""
    running = start(server={"grpc_memory": "32MiB"})
    running.wait_ready("tiny")

    def attack():
        clients, most = [RawClient(running.grpc_port) for _ in range(16)], 0

        def begin(client):
            for _ in range(4):
                client.call("Generate", b"\0" * (4 * MIB - 64), cut=1)

        threads = [threading.Thread(target=begin, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            most = max(most, resident(running))
            time.sleep(0.05)
        most = max(most, resident(running))
        for client in clients:
            client.close()
        wait_for(lambda: running.ctl("models").returncode == 0)
        return most

    for _ in range(2):  # threads, pools and arenas grow
        attack()
    before = settled(running)
    most = attack()
    after = settled(running)
    print("resident MiB: before {:.1f}, with 64 unfinished messages of 4 MiB {:.1f}, after {:.1f}".format(
        *(value / MIB for value in (before, most, after))))
    assert most - before < 3 * 32 * MIB, "about grpc_memory"
    assert after <= 1.1 * before
    assert running.stop() == 0


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_messages_are_refused(start, request_for, encoding):
    """gRPC would unpack them whole, before any limit and before it looks at a token."""
    running = start()
    running.wait_ready("tiny")
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16 if encoding == "gzip" else zlib.MAX_WBITS)
    packed = packer.compress(bytes(256 * MIB)) + packer.flush()
    before = settled(running)
    clients = [RawClient(running.grpc_port) for _ in range(4)]
    most = 0
    for client in clients:
        client.call("Generate", packed, packed_by=encoding)
        most = max(most, resident(running))

    def refused():
        nonlocal most
        most = max(most, resident(running))
        read_all(clients)
        return all(client.answered or not client.is_open for client in clients)

    wait_for(refused)
    assert most - before < 16 * MIB
    for client in clients:
        client.close()
    assert running.stub.Generate(request_for(max_tokens=2)).usage.completion_tokens == 2
    with pytest.raises(grpc.RpcError) as error:
        running.stub.Generate(request_for(max_tokens=2), compression=grpc.Compression.Gzip)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert running.stop() == 0


REFLECTION, HEALTH = "/grpc.reflection.v1alpha.ServerReflection/", "/grpc.health.v1.Health/"


@pytest.mark.parametrize("method, path", [
    ("Generate", "/streamtensor.v1.InferenceService/"), ("GenerateStream", "/streamtensor.v1.InferenceService/"),
    ("ServerReflectionInfo", REFLECTION), ("Check", HEALTH), ("Watch", HEALTH),
])
def test_calls_without_a_message_are_bounded(start, request_for, method, path):
    """An address may hold so many calls, whatever it does with them; others are served meanwhile."""
    running = start(server={"max_streams_per_connection": 100, "max_calls_per_address": 300})
    running.wait_ready("tiny")

    def attack():
        clients = [RawClient(running.grpc_port, source="127.0.0.2") for _ in range(10)]
        for client in clients:
            client.read(5)
            for _ in range(100):
                client.open(method, path)
        # Those beyond are answered, with an error.
        wait_for(lambda: (read_all(clients), sum(len(client.answered) for client in clients) >= 700)[1])
        held = resident(running)
        assert "there are 300 open calls from ipv4:127.0.0.2, which is the limit" in running.log()
        assert running.stub.Generate(request_for(max_tokens=2)).usage.completion_tokens == 2
        assert "streamtensor.v1.InferenceService" in ProtoReflectionDescriptorDatabase(running.channel).get_services()
        assert sum(len(client.answered) for client in clients) == 700
        for client in clients:
            client.close()
        wait_for(lambda: running.ctl("models").returncode == 0)
        return held

    attack()  # threads, pools and arenas grow
    before = settled(running)
    held = attack()
    after = settled(running)
    print("resident MiB: before {:.1f}, with 300 calls {:.1f}, after {:.1f}".format(*(value / MIB for value in (before, held, after))))
    assert held - before < 32 * MIB
    assert after <= 1.1 * before
    assert running.stop() == 0


def test_health_and_reflection_take_small_requests(start):
    """They ask for no token, and a watching call keeps what it asked for."""
    running = start()
    running.wait_ready("tiny")
    name = "x" * 2000
    health = health_pb2_grpc.HealthStub(running.channel)
    for method in (health.Check, lambda request: next(health.Watch(request))):
        with pytest.raises(grpc.RpcError) as error:
            method(health_pb2.HealthCheckRequest(service=name))
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "has 2003 bytes; allowed are up to 1024" in error.value.details()
    with pytest.raises(grpc.RpcError) as error:
        ProtoReflectionDescriptorDatabase(running.channel).FindFileContainingSymbol(name)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert running.stop() == 0


def test_watching_calls_are_bounded(start):
    running = start()
    running.wait_ready("tiny")
    health = health_pb2_grpc.HealthStub(running.channel)
    request = health_pb2.HealthCheckRequest(service="tiny")
    watching = [health.Watch(request) for _ in range(64)]
    assert all(next(call).status == health_pb2.HealthCheckResponse.SERVING for call in watching)
    with pytest.raises(grpc.RpcError) as error:
        next(health.Watch(request))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "64 of them from ipv4:127.0.0.1; allowed are up to 1024 and 64; call Check" in error.value.details()
    watching.pop().cancel()

    def watches_again():
        with contextlib.suppress(grpc.RpcError):
            watching.append(health.Watch(request))
            return next(watching[-1]).status == health_pb2.HealthCheckResponse.SERVING
        return False

    wait_for(watches_again)
    assert running.stop() == 0  # though they watch


def test_a_message_must_come_in_time(start, request_for):
    """Calls that owe theirs end after a minute; one of which a part has come, too."""
    running = start()
    running.wait_ready("tiny")
    client = RawClient(running.grpc_port)
    client.read(5)
    late = [client.open("Generate"), client.open("GenerateStream"), client.open("ServerReflectionInfo", REFLECTION),
            client.open("Watch", HEALTH), client.call("GenerateStream", b"\0" * 1000, cut=1)]
    began = time.monotonic()
    wait_for(lambda: (read_all([client]), client.answered >= set(late))[1], seconds=120)
    assert time.monotonic() - began > 55
    assert running.stub.Generate(request_for(max_tokens=2)).usage.completion_tokens == 2
    client.close()
    assert running.stop() == 0


TINY_FIELDS = {
    "messages of a chat": b"\x1a\x80\x80\xff\x01" + b"\x0a\x00" * ((1 << 21) - (1 << 13)),
    "stop strings": b"\x32\x80\x80\xff\x01" + b"\x1a\x00" * ((1 << 21) - (1 << 13)),
    "unknown numbers": b"\x78\x01" * ((1 << 21) - (1 << 13)),
}


@pytest.mark.parametrize("method, kind", [
    ("Generate", "messages of a chat"), ("GenerateStream", "messages of a chat"), ("GenerateStream", "stop strings"),
    ("GenerateStream", "unknown numbers"), ("Tokenize", "unknown numbers"), ("ListModels", "unknown numbers"),
])
def test_a_message_of_many_tiny_fields_is_not_built(start, request_for, method, kind):
    """Two bytes stand for an object of a hundred: such a message is refused by its structure."""
    running = start()
    running.wait_ready("tiny")
    make = running.channel.unary_stream if method == "GenerateStream" else running.channel.unary_unary
    call = make(f"/streamtensor.v1.InferenceService/{method}", request_serializer=bytes)
    message = b"\x0a\x04tiny" + TINY_FIELDS[kind]
    before, most, codes = resident(running), 0, []

    def ask():
        try:
            reply = call(message, timeout=120)
            if method == "GenerateStream":
                list(reply)
            codes.append("answered")
        except grpc.RpcError as error:
            codes.append(error.code())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, resident(running))
        time.sleep(0.01)
    print(f"resident +{(most - before) / MIB:.0f} MiB for 8 messages of 4 MiB")
    assert codes == [grpc.StatusCode.INVALID_ARGUMENT] * 8
    assert most - before < 8 * 16 * MIB, "the bytes of the messages, and what gRPC keeps of them"
    assert running.stub.Generate(request_for(max_tokens=2)).usage.completion_tokens == 2
    assert running.stop() == 0


@pytest.mark.parametrize("path", ["/v1/completions", "/healthz"])
def test_http_bodies_that_never_end(start, request_for, path):
    running = start(server={"http_listen": f"127.0.0.1:{(port := free_ports(1)[0])}", "http_memory": "16MiB"})
    running.wait_ready("tiny")
    is_probe = path == "/healthz"
    head = (f"{'GET' if is_probe else 'POST'} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {4 * MIB}\r\n\r\n").encode()
    before, clients = resident(running), []
    most = before
    for _ in range(60):
        client = socket.create_connection(("127.0.0.1", running.metrics_port if is_probe else port), timeout=5)
        clients.append(client)
        with contextlib.suppress(OSError):
            client.sendall(head + b" " * (4 * MIB - 1))
        most = max(most, resident(running))
    print(f"resident +{(most - before) / MIB:.0f} MiB for 60 bodies of 4 MiB")
    assert most - before < 16 * MIB + 24 * MIB, "http_memory, and what reading them takes"
    assert running.http("/healthz")[0] == 200
    import openai

    api = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
    assert api.completions.create(model="tiny", prompt="x" * 100, max_tokens=2).usage.completion_tokens == 2
    for client in clients:
        client.close()
    assert running.stop() == 0
