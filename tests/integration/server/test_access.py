# SPDX-License-Identifier: Apache-2.0
"""Tokens, rates, TLS; what the log tells of a request, and what it never tells."""

import json
import signal
import subprocess
import time
import urllib.request

import grpc
import openai
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import dummy_cards, free_ports, protos
from test_lifecycle import calls, write_compiler

ALICE, BOB = "alice-0123456789abcdef", "bob-0123456789abcdefgh"


def tokens_file(folder, text=f"alice {ALICE}\nbob {BOB} other  # one model\n", mode=0o600):
    file = folder / "tokens"
    file.write_text(text)
    file.chmod(mode)
    return file


def bearer(token):
    return [("authorization", f"Bearer {token}")]


def code_of(call, *arguments, **options):
    try:
        result = call(*arguments, **options)
        if hasattr(result, "code"):  # a stream
            for _ in result:
                pass
        return grpc.StatusCode.OK, ""
    except grpc.RpcError as error:
        return error.code(), error.details()


def test_a_reload_uses_the_tokens_it_has_read(start, artifact, tmp_path, request_for):
    """What becomes of the file while new models are compiled is the next reload's."""
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    compiler = {"program": str(write_compiler(tmp_path, artifact, seconds=0.5))}
    tiny = {"name": "tiny", "artifact": str(artifact), "cards": [0]}
    access = {"tokens_file": str(tokens_file(tmp_path, f"alice {ALICE}\n"))}
    running = start([tiny], dummy_cards(2), access=access, compiler=compiler)
    wait_for(running, "model tiny: READY")
    tokens_file(tmp_path, f"carol {BOB}\n")
    running.reload(wait=False, models=[tiny, {"name": "new", "source": str(model), "cards": [1]}])
    while not calls(tmp_path):
        time.sleep(0.01)
    tokens_file(tmp_path, "carol short\n")
    wait_for(running, "the configuration is reloaded")
    request = request_for(max_tokens=2)
    assert code_of(running.stub.Generate, request, metadata=bearer(BOB)) == (grpc.StatusCode.OK, "")
    assert code_of(running.stub.Generate, request, metadata=bearer(ALICE))[0] == grpc.StatusCode.UNAUTHENTICATED
    assert " error " not in running.log(), running.log()
    assert running.stop() == 0


def test_tokens(start, tmp_path, request_for):
    pb = protos().pb
    running = start(access={"tokens_file": str(tokens_file(tmp_path))}, log={"level": "debug"})
    request = request_for(max_tokens=2)
    # Health is for probes, which have no token.
    stub = health_pb2_grpc.HealthStub(running.channel)
    for _ in range(500):
        if stub.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING:
            break
        time.sleep(0.02)
    calls = [
        (running.stub.Generate, request),
        (running.stub.GenerateStream, request),
        (running.stub.Tokenize, pb.TokenizeRequest(model="tiny", text="x")),
        (running.stub.Detokenize, pb.DetokenizeRequest(model="tiny", token_ids=[5])),
        (running.stub.GetModel, pb.GetModelRequest(name="tiny")),
        (running.stub.ListModels, pb.ListModelsRequest()),
        (running.operator.ListCards, protos().operator_pb.ListCardsRequest()),
    ]
    for call, message in calls:
        code, text = code_of(call, message)
        assert code == grpc.StatusCode.UNAUTHENTICATED and "authorization: Bearer" in text
        assert code_of(call, message, metadata=bearer(ALICE[:-1]))[0] == grpc.StatusCode.UNAUTHENTICATED
        assert code_of(call, message, metadata=bearer(ALICE)) == (grpc.StatusCode.OK, "")
    for call, message in calls[:5]:
        code, text = code_of(call, message, metadata=bearer(BOB))
        assert code == grpc.StatusCode.PERMISSION_DENIED and text == "client bob may not use model tiny; allowed are other"
    for (call, message), seen in zip(calls[5:], ("models", "cards")):
        assert [len(getattr(call(message, metadata=bearer(token)), seen)) for token in (ALICE, BOB)] == [1, 0]

    (tmp_path / "alice").write_text(ALICE + "\n")
    assert "UNAUTHENTICATED" in running.ctl("models").stderr
    assert f"BAD   server: {running.server} answers UNAUTHENTICATED" in running.ctl("doctor").stdout
    for command in (["models"], ["generate", "--model", "tiny", "--prompt", "x", "--max-tokens", "2"],
                    ["bench", "--model", "tiny", "--requests", "2", "--max-tokens", "2"]):
        assert running.ctl("--token-file", str(tmp_path / "alice"), *command).returncode == 0

    # A client that leaves is locked out by a reload; a faulty file changes nothing.
    tokens_file(tmp_path, "alice short\n")
    running.process.send_signal(signal.SIGHUP)
    wait_for(running, "stays unchanged")
    assert code_of(running.stub.Generate, request, metadata=bearer(ALICE))[0] == grpc.StatusCode.OK
    tokens_file(tmp_path, f"carol {BOB}\n")
    running.process.send_signal(signal.SIGHUP)
    wait_for(running, "the configuration is reloaded")
    assert code_of(running.stub.Generate, request, metadata=bearer(ALICE))[0] == grpc.StatusCode.UNAUTHENTICATED
    assert code_of(running.stub.Generate, request, metadata=bearer(BOB))[0] == grpc.StatusCode.OK
    assert running.stop() == 0
    for secret in (ALICE, BOB, ALICE[:-1], "short"):
        assert secret not in running.log()


def wait_for(running, text):
    for _ in range(500):
        if text in running.log():
            return
        time.sleep(0.02)
    raise AssertionError(running.log())


@pytest.mark.parametrize(
    "text, mode, error",
    [(f"alice {ALICE}\n", 0o644, "other users can read or write it"), ("alice\n", 0o600, "tokens:1: a line is NAME TOKEN"), (None, None, "No such file")],
)
def test_a_faulty_tokens_file_is_no_open_door(start, tmp_path, text, mode, error):
    file = tokens_file(tmp_path, text, mode) if text else tmp_path / "none"
    running = start(access={"tokens_file": str(file)})
    assert running.process.wait(timeout=30) == 1
    errors = [line for line in running.log().splitlines() if " error " in line]
    assert len(errors) == 1 and error in errors[0] and str(file) in errors[0], running.log()


def test_rate(start, request_for):
    running = start(access={"requests_per_minute": 12})  # one in 5 s, two at once
    running.wait_probe()
    request = request_for(max_tokens=1)
    for _ in range(2):
        running.stub.Generate(request)
    with pytest.raises(grpc.RpcError) as error:
        list(running.stub.GenerateStream(request))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "exceeds access.requests_per_minute" in error.value.details()
    hints = dict(error.value.trailing_metadata())
    assert 0 < int(hints["retry-after-ms"]) <= 5000 and hints["grpc-retry-pushback-ms"] == hints["retry-after-ms"]
    with pytest.raises(grpc.RpcError) as error:  # every method counts
        running.stub.GetModel(running.pb.GetModelRequest(name="tiny"))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert running.metrics()['streamtensor_requests_rejected_total{reason="resource_exhausted"}'] == 2
    assert running.stop() == 0


def test_each_reply_to_a_request_counts(start):
    port = free_ports(1)[0]
    running = start(access={"requests_per_minute": 12}, server={"http_listen": f"127.0.0.1:{port}"})  # two at once
    running.wait_probe()
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
    reply = client.completions.create(model="tiny", prompt=["a", "b"], n=3, max_tokens=1, temperature=1)
    assert len(reply.choices) == 6
    with pytest.raises(openai.RateLimitError) as error:
        client.completions.create(model="tiny", prompt="a", max_tokens=1)
    assert 20_000 < int(error.value.response.headers["retry-after-ms"]) <= 25_000, "five of six replies are owed"
    assert running.stop() == 0


def make_certificate(folder, days=60):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days), "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=60,
    )
    return {"tls_certificate": str(folder / "cert.pem"), "tls_key": str(folder / "key.pem")}


def test_lists_show_what_the_token_may_use(start, artifact, tmp_path):
    models = [{"name": name, "artifact": str(artifact), "cards": [i]} for i, name in enumerate(("mine", "theirs"))]
    tokens = tokens_file(tmp_path, f"alice {ALICE}\nbob {BOB} mine\n")
    http = free_ports(1)[0]
    running = start(models, dummy_cards(3), access={"tokens_file": str(tokens)}, server={"http_listen": f"127.0.0.1:{http}"})
    running.wait_probe()
    for token, names, cards in ((ALICE, ["mine", "theirs"], ["dummy:0", "dummy:1", "dummy:2"]), (BOB, ["mine"], ["dummy:0", "dummy:2"])):
        listed = running.stub.ListModels(running.pb.ListModelsRequest(), metadata=bearer(token)).models
        assert [model.name for model in listed] == names
        listed = running.operator.ListCards(protos().operator_pb.ListCardsRequest(), metadata=bearer(token)).cards
        assert [card.name for card in listed] == cards
        request = urllib.request.Request(f"http://127.0.0.1:{http}/v1/models", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert [model["id"] for model in json.load(answer)["data"]] == names
    assert running.stop() == 0


def test_tls(start, tmp_path, request_for):
    running = start(server=make_certificate(tmp_path))
    wait_for(running, "READY")
    assert "gRPC, TLS" in running.log() and "warning TLS" not in running.log()
    with grpc.secure_channel(running.server, grpc.ssl_channel_credentials((tmp_path / "cert.pem").read_bytes())) as channel:
        stub = protos().rpc.InferenceServiceStub(channel)
        assert len(stub.Generate(request_for(max_tokens=3), timeout=10).token_ids) == 3
    assert running.ctl("--tls-ca", str(tmp_path / "cert.pem"), "models").returncode == 0
    folder = running.ctl("--tls-ca", str(tmp_path), "models")
    assert folder.returncode == 2 and f"{tmp_path} cannot be read" in folder.stderr, folder.stderr
    assert running.ctl("models").returncode == 1, "no plain text on this port"
    assert running.stop() == 0


def test_faulty_tls_files_are_named(start, tmp_path):
    good = make_certificate(tmp_path)
    (tmp_path / "no.pem").write_text("hello")
    for tls, name in [({**good, "tls_key": good["tls_certificate"]}, "cert.pem"), ({**good, "tls_certificate": str(tmp_path / "no.pem")}, "no.pem"),
                      ({**good, "tls_key": "/nowhere"}, "/nowhere"), ({**good, "tls_key": str(tmp_path)}, f"{tmp_path} cannot be read")]:
        running = start(server=tls)
        assert running.process.wait(timeout=30) == 1
        errors = [line for line in running.log().splitlines() if " error " in line]
        assert len(errors) == 1 and "TLS: " in errors[0] and name in errors[0], running.log()


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o666])
def test_a_private_key_that_others_can_read_is_refused(start, tmp_path, mode):
    tls = make_certificate(tmp_path)
    (tmp_path / "key.pem").chmod(mode)
    running = start(server=tls)
    assert running.process.wait(timeout=30) == 1
    errors = [line for line in running.log().splitlines() if " error " in line]
    assert len(errors) == 1 and f"other users have access to the private key {tls['tls_key']} (mode 0{mode:o})" in errors[0], running.log()
    told = running.ctl("doctor", "--config", str(running.config_path))
    assert told.returncode == 1 and "BAD   TLS: other users have access" in told.stdout, told.stdout


@pytest.mark.parametrize("days, level, says", [(7, "note", "expires on "), (60, "ok  ", "")])
def test_a_certificate_that_expires_is_told(start, tmp_path, days, level, says):
    tls = make_certificate(tmp_path, days)
    running = start(server=tls)
    wait_for(running, "gRPC, TLS")
    told = running.ctl("--tls-ca", tls["tls_certificate"], "doctor", "--config", str(running.config_path))
    assert f"{level}  TLS: {tls['tls_certificate']}{' ' if says else ''}{says}" in told.stdout, told.stdout
    assert (f"warning TLS: the certificate {tls['tls_certificate']} {says}" in running.log()) == bool(says), running.log()
    assert running.stop() == 0


def test_a_request_is_followed_by_its_id(start, request_for):
    """From the client's metadata to the cards that had it, in text and in JSON."""
    running = start(cards=dummy_cards(), log={"format": "json"})
    running.wait_ready("tiny")
    call = running.stub.GenerateStream(request_for(max_tokens=3), metadata=[("x-request-id", "shop-42.a:b_c")])
    list(call)
    assert dict(call.initial_metadata())["x-request-id"] == "shop-42.a:b_c"
    for bad in ("with space", "x" * 65, 'quote"'):
        call = running.stub.GenerateStream(request_for(max_tokens=3), metadata=[("x-request-id", bad)])
        list(call)
        assert dict(call.initial_metadata())["x-request-id"].startswith("r")
    with pytest.raises(grpc.RpcError):
        running.stub.Generate(request_for(model="no\nsuch \x1b[31m model"), metadata=[("x-request-id", "lost-1")])
    assert running.stop() == 0
    lines = [json.loads(line) for line in running.log().splitlines()]
    done = [line for line in lines if line.get("request") == "shop-42.a:b_c"]
    assert len(done) == 1 and done[0]["model"] == "tiny" and done[0]["level"] == "info"
    assert done[0]["message"].startswith("done: prompt ") and done[0]["message"].endswith("card dummy:0"), done
    assert sum(line.get("request", "").startswith("r") for line in lines) == 3
    refused = [line for line in lines if line.get("request") == "lost-1"]
    assert len(refused) == 1 and "NOT_FOUND" in refused[0]["message"]


def test_a_text_log_has_a_line_a_message_whatever_clients_send(start, request_for):
    running = start()
    running.wait_ready("tiny")
    with pytest.raises(grpc.RpcError):
        running.stub.Generate(request_for(model="x\n2026-01-01 00:00:00.000 info    request=r9 model=tiny done\x1b[2J"))
    assert running.stop() == 0
    for line in running.log().splitlines():
        assert line.split(" ")[2] in ("info", "warning", "error"), line
        assert "\x1b" not in line
    assert "\\n2026-01-01" in running.log()


def send_secrets(running, request_for):
    """Requests of every kind, good and bad, each with a secret where a client may put one."""
    pb = protos().pb
    requests = [
        request_for(prompt="SECRET-prompt"),
        request_for(chat=pb.Chat(messages=[pb.ChatMessage(role="user", content="SECRET-content")])),
        request_for(prompt="x", stopping=pb.Stopping(stop_strings=["SECRET-stop"])),
        request_for(prompt="SECRET-long" * 100),
        request_for(prompt="SECRET-bad", sampling=pb.Sampling(top_p=7)),
        request_for(chat=pb.Chat(messages=[pb.ChatMessage(role="", content="SECRET-role")])),
        request_for(prompt="x", stopping=pb.Stopping(stop_strings=["SECRET-many"] * 1000)),
        request_for(prompt="x", stopping=pb.Stopping(stop_strings=["SECRET-wide" * 1000])),
    ]
    for request in requests:
        for call in (running.stub.Generate, running.stub.GenerateStream):
            code_of(call, request, metadata=[*bearer("SECRET-token-0123456789"), ("x-api-key", "SECRET-key")])
    code_of(running.stub.Tokenize, pb.TokenizeRequest(model="tiny", text="SECRET-text"))
    code_of(running.stub.Tokenize, pb.TokenizeRequest(model="none", text="SECRET-text"))
    code_of(running.stub.Generate, request_for(prompt="SECRET-late", max_tokens=400), timeout=0.01)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_prompts_and_secrets_are_not_logged(start, request_for, log_format):
    running = start(log={"level": "debug", "format": log_format})
    running.wait_ready("tiny")
    send_secrets(running, request_for)
    assert running.stop() == 0
    log = running.log()
    assert "done: prompt" in log and "refused" in log
    assert [line for line in log.splitlines() if "SECRET" in line] == []


def test_prompts_are_logged_when_asked_for(start, request_for):
    running = start(log={"prompts": True})
    running.wait_ready("tiny")
    send_secrets(running, request_for)
    assert running.stop() == 0
    for word in ("SECRET-prompt", "SECRET-content", "SECRET-stop"):
        assert word in running.log()
    for word in ("SECRET-token", "SECRET-key"):
        assert word not in running.log()
