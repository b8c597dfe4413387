# SPDX-License-Identifier: Apache-2.0
"""Start, compile, health, metrics, shutdown."""

import os
import re
import signal
import socket
import stat
import subprocess
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from conftest import dummy_cards

# Stands in for the compiler: copies a finished artifact, telling its progress as the compiler does.
COMPILER = """#!/usr/bin/env bash
if [ "$1" = --version ]; then echo "fake 1"; exit 0; fi
echo "$@" >>"{calls}"
source=$2; out=$4
[ "$(head -c 4 "$source")" = GGUF ] || {{ echo '{{"error":"'$source' is no GGUF file"}}'; exit 1; }}
for stage in import tile emit; do
  echo "{{\\"stage\\":\\"$stage\\",\\"index\\":1,\\"stages\\":3,\\"fraction\\":0.3,\\"seconds\\":0.1}}"
  sleep {seconds}
done
cp -r "{artifact}" "$out" || exit 1
echo '{{"done":true,"artifact":"'$out'"}}'
"""


def write_compiler(folder, artifact, seconds=0.1):
    program = folder / "fake-compiler"
    program.write_text(COMPILER.format(artifact=artifact, seconds=seconds, calls=folder / "calls"))
    program.chmod(0o755)
    return program


def calls(folder):
    file = folder / "calls"
    return file.read_text().splitlines() if file.exists() else []


def wait_for(condition, seconds=30):
    """Polls until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


def serving(daemon, service=""):
    stub = health_pb2_grpc.HealthStub(daemon.channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=service)).status


def test_first_start_compiles_and_the_second_does_not(start, tmp_path, artifact):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF and more")
    compiler = {"program": str(write_compiler(tmp_path, artifact, seconds=1))}
    models = [{"name": "tiny", "source": str(model), "max_context": 256, "step_tokens": 8}]
    first = start(models, compiler=compiler)
    compiling = first.wait_state("tiny", "COMPILING")
    assert compiling.max_context == 256
    assert serving(first) == health_pb2.HealthCheckResponse.NOT_SERVING
    first.wait_ready("tiny")
    assert serving(first) == health_pb2.HealthCheckResponse.SERVING
    assert "compiling: tile" in first.log()
    call = calls(tmp_path)[0].split()
    assert call[0:2] == ["compile", str(model)]
    assert call[4:] == "--platform u55c --target emulation --step-tokens 8 --progress json --max-context 256".split()
    assert first.stop() == 0
    mode = stat.S_IMODE(os.stat(tmp_path / "cache" / "artifacts").st_mode)
    assert mode == 0o700, "native code: nobody else may write here"

    second = start(models, compiler=compiler)
    second.wait_ready("tiny")
    assert len(calls(tmp_path)) == 1, "from the cache"
    assert second.stop() == 0

    model.write_bytes(b"GGUF of another content")
    third = start(models, compiler=compiler)
    third.wait_ready("tiny")
    assert len(calls(tmp_path)) == 2
    assert third.stop() == 0
    artifacts = [p.name for p in (tmp_path / "cache" / "artifacts").iterdir() if not p.name.startswith(".")]
    assert len(artifacts) == 2


def test_a_failed_compilation_is_told_and_leaves_nothing(start, tmp_path, artifact):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"ELF")
    running = start(
        [{"name": "tiny", "source": str(model)}], compiler={"program": str(write_compiler(tmp_path, artifact))}
    )
    failed = running.wait_state("tiny", "FAILED")
    assert failed.error == f"{model} is no GGUF file"
    assert {p.name for p in (tmp_path / "cache" / "artifacts").iterdir()} == {".lock", ".daemon"}
    assert running.stop() == 0


def test_a_missing_compiler_is_named(start, tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    running = start([{"name": "tiny", "source": str(model)}], compiler={"program": "/nowhere/streamtensorc"})
    assert "/nowhere/streamtensorc" in running.wait_state("tiny", "FAILED").error
    assert running.stop() == 0


def test_a_cache_that_can_not_be_made_fails_the_models_that_need_it(start, request_for, tmp_path, artifact):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    models = [{"name": "good", "artifact": str(artifact), "cards": [0]}, {"name": "tiny", "source": str(model), "cards": [1]}]
    running = start(models, dummy_cards(2), cache={"dir": str(model / "cache")})
    assert f"{model / 'cache'}: Not a directory" in running.wait_state("tiny", "FAILED").error
    running.wait_ready("good")
    assert running.stub.Generate(request_for(model="good", max_tokens=2)).usage.completion_tokens == 2
    assert running.stop() == 0


@pytest.mark.parametrize(
    "what, error",
    [
        ("x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done", "cannot allocate|annot fork|signal 11|signal 6"),
        ("exec truncate -s 1073741825 $4/weights.bin", "wrote a file of more than 1073741824 bytes"),
        ("ulimit -S -t 1; while :; do :; done", "seconds of processor time"),
        ("sleep 1000", "took longer than 2 seconds"),
    ],
    ids=["memory", "file", "processor", "time"],
)
def test_a_compilation_that_meets_a_limit_costs_the_others_nothing(start, request_for, tmp_path, artifact, what,
                                                                         error):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    program = tmp_path / "fake-compiler"
    program.write_text(f'#!/usr/bin/env bash\n[ "$1" = --version ] && exit 0\nmkdir "$4"\n{what}\n')
    program.chmod(0o755)
    limits = {"program": str(program), "max_memory": "1GiB", "max_seconds": 2 if what.startswith("sleep") else 600}
    models = [{"name": "good", "artifact": str(artifact), "cards": [0]},
              {"name": "limited", "source": str(model), "cards": [1]}]
    running = start(models, dummy_cards(2), compiler=limits)
    running.wait_ready("good")
    assert re.search(error, running.wait_state("limited", "FAILED").error)
    assert running.stub.Generate(request_for(model="good", max_tokens=2)).usage.completion_tokens == 2
    assert list((tmp_path / "cache" / "artifacts").glob("[!.]*")) == []
    assert running.stop() == 0


def test_stopping_kills_a_compilation(start, tmp_path, artifact):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    compiler = write_compiler(tmp_path, artifact, seconds=300)
    running = start([{"name": "tiny", "source": str(model)}], compiler={"program": str(compiler)})
    while not calls(tmp_path):
        time.sleep(0.02)
    assert running.stop() == 0
    left = subprocess.run(["pgrep", "-f", str(compiler)], capture_output=True, text=True).stdout.split()
    assert left == []


def test_a_killed_daemon_leaves_a_usable_cache(start, tmp_path, artifact):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    slow = write_compiler(tmp_path, artifact, seconds=0.3)
    running = start([{"name": "tiny", "source": str(model)}], compiler={"program": str(slow)})
    while not calls(tmp_path):
        time.sleep(0.02)
    running.process.kill()
    running.process.wait()
    again = start([{"name": "tiny", "source": str(model)}], compiler={"program": str(slow)})
    again.wait_ready("tiny")
    assert again.stop() == 0


def test_health_reflection_and_probes(daemon):
    assert serving(daemon) == health_pb2.HealthCheckResponse.SERVING
    assert serving(daemon, "tiny") == health_pb2.HealthCheckResponse.SERVING
    try:
        serving(daemon, "nope")
        raise AssertionError("unknown service")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND
    services = set(ProtoReflectionDescriptorDatabase(daemon.channel).get_services())
    assert {"streamtensor.v1.InferenceService", "streamtensor.v1.OperatorService", "grpc.health.v1.Health"} <= services
    assert daemon.http("/healthz") == (200, "ok\n")
    assert daemon.http("/readyz") == (200, "ready\n")
    assert daemon.http("/nope")[0] == 404


def test_probes_do_not_wait_for_silent_connections(daemon):
    silent = [socket.create_connection(("127.0.0.1", daemon.metrics_port)) for _ in range(4)]
    assert daemon.http("/healthz") == (200, "ok\n")
    for each in silent:
        each.setblocking(False)
        with pytest.raises(BlockingIOError):  # the daemon has not given it up yet
            each.recv(1)
        each.close()


def test_metrics(daemon, request_for):
    before = daemon.metrics()
    reply = daemon.stub.Generate(request_for(prompt="metrics", max_tokens=10))
    try:
        daemon.stub.Generate(request_for(model="nope"))
    except grpc.RpcError:
        pass
    after = daemon.metrics()

    def grown(name):
        return after[name] - before.get(name, 0)

    reason = {1: "stop", 2: "length"}[reply.finish_reason]
    assert grown(f'streamtensor_requests_total{{finish_reason="{reason}",model="tiny"}}') == 1 or grown(
        f'streamtensor_requests_total{{model="tiny",finish_reason="{reason}"}}'
    ) == 1
    assert grown('streamtensor_generated_tokens_total{model="tiny"}') == len(reply.token_ids)
    assert grown('streamtensor_prompt_tokens_total{model="tiny"}') == reply.usage.prompt_tokens
    assert grown('streamtensor_requests_rejected_total{reason="not_found"}') == 1
    assert after['streamtensor_card_state{card="dummy:0",state="ready"}'] == 1
    names = {name.split("{")[0] for name in after}
    for name in (
        "time_to_first_token_seconds_count inter_token_latency_seconds_count request_queue_seconds_count "
        "request_duration_seconds_count cached_prompt_tokens_total running_requests waiting_requests preemptions_total "
        "kv_pages steps_total step_tokens_count card_power_watts card_energy_joules_total last_step_timestamp_seconds "
        "build_info"
    ).split():
        assert "streamtensor_" + name in names, name
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= names


def test_sigterm_lets_streams_end(start, request_for):
    running = start(cards=dummy_cards(step_us=10000))
    running.wait_ready("tiny")
    request = request_for(max_tokens=60)
    request.stopping.ignore_eos = True
    stream = running.stub.GenerateStream(request)
    first = next(iter(stream))
    running.process.terminate()
    tokens = list(first.token_ids)
    for _ in range(200):
        if running.http("/readyz")[0] == 503:
            break
        time.sleep(0.01)
    assert running.http("/readyz")[0] == 503
    running.process.send_signal(signal.SIGHUP)  # there is nothing left to reload for; it ends no wait either
    try:
        running.stub.Generate(request)
        raise AssertionError("a draining daemon takes no requests")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE and "shutting down" in error.details()
    for part in stream:
        tokens += part.token_ids
    assert len(tokens) == 60
    assert running.process.wait(timeout=30) == 0


def test_sigterm_ends_long_streams_at_the_limit(start, request_for):
    running = start(cards=dummy_cards(step_us=100000), limits={"drain_seconds": 0})
    running.wait_ready("tiny")
    request = request_for(max_tokens=400)
    request.stopping.ignore_eos = True
    stream = running.stub.GenerateStream(request)
    next(iter(stream))
    ended = []

    def read():
        try:
            for _ in stream:
                pass
        except grpc.RpcError as error:
            ended.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    running.process.terminate()
    thread.join(timeout=30)
    assert ended and ended[0].code() == grpc.StatusCode.UNAVAILABLE, ended
    assert "shutting down" in ended[0].details()
    assert running.process.wait(timeout=30) == 0


def test_a_hung_card_is_lost_and_comes_back(start, request_for):
    """The dummy card's steps outlast the timeout, each of them: the request ends, the card comes back each time."""
    running = start(cards=dummy_cards(step_us=3000000), limits={"step_timeout_seconds": 1})
    running.wait_ready("tiny")
    try:
        running.stub.Generate(request_for())
        raise AssertionError("a hung card answers nothing")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE and "card failed" in error.details(), error.details()
    wait_for(lambda: serving(running) == health_pb2.HealthCheckResponse.SERVING)
    assert "card dummy:0: lost" in running.log() and "back after 1 resets" in running.log()
    assert running.stop() == 0


def test_several_models_and_replicas(start, artifact, request_for, protos):
    models = [{"name": "a", "artifact": str(artifact)}, {"name": "b", "artifact": str(artifact), "cards": [2]}]
    running = start(models, dummy_cards(3, step_us=2000))
    for name in "ab":
        running.wait_ready(name)
    request = request_for(model="a", max_tokens=50)
    request.stopping.ignore_eos = True
    streams = [running.stub.GenerateStream(request) for _ in range(8)]
    replies = [[i for part in s for i in part.token_ids] for s in streams]
    assert all(r == replies[0] for r in replies)
    assert list(running.stub.Generate(request_for(model="b", max_tokens=50)).token_ids)
    metrics = running.metrics()
    for card in range(3):
        assert metrics[f'streamtensor_steps_total{{card="dummy:{card}"}}'] > 0
    cards = running.operator.ListCards(protos.operator_pb.ListCardsRequest()).cards
    assert [(c.name, c.model) for c in cards] == [("dummy:0", "a"), ("dummy:1", "a"), ("dummy:2", "b")]
    assert running.stop() == 0


def test_a_replica_that_can_not_be_used_is_told(start, artifact, request_for):
    """The artifact has no design, so that it does for the dummy card alone."""
    running = start([{"name": "tiny", "artifact": str(artifact)}], [*dummy_cards(), {"driver": "emulated"}])
    running.wait_ready("tiny")
    assert list(running.stub.Generate(request_for()).token_ids), "the other card serves"
    told = {card.name: card for card in running.cards()}
    assert told["emulated:0"].state == "FAILED" and "design.xclbin" in told["emulated:0"].error
    metrics = running.metrics()
    assert metrics['streamtensor_card_state{card="emulated:0",state="failed"}'] == 1
    assert metrics['streamtensor_card_state{card="dummy:0",state="ready"}'] == 1
    assert running.stop() == 0


def test_json_log(start, request_for):
    import json

    running = start(log={"format": "json", "level": "debug"})
    running.wait_ready("tiny")
    running.stub.Generate(request_for(prompt="a secret prompt"))
    assert running.stop() == 0
    lines = running.log().splitlines()
    objects = [json.loads(line) for line in lines]
    assert any(o.get("request") == "r1" and o["message"].startswith("done") for o in objects)
    assert any(o.get("model") == "tiny" and o["message"].startswith("READY") for o in objects)
    assert any(o.get("card") == "dummy:0" and o["message"] == "open" for o in objects)
    assert not any("secret" in line for line in lines), "prompts are not logged"


def test_a_message_that_is_none_leaves_the_log_whole(start):
    """Text of a message must be UTF-8: protobuf's complaint is no line of its own."""
    import json

    running = start(log={"format": "json"})
    running.wait_ready("tiny")
    call = running.channel.unary_unary("/streamtensor.v1.InferenceService/Generate")
    for message in (b"\x0a\x01\xff", b"\xff\xff\xff"):
        try:
            call(message, timeout=10)
            raise AssertionError("it is no request")
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert running.state("tiny") == "READY"
    assert running.stop() == 0
    assert all(json.loads(line)["message"] for line in running.log().splitlines())
