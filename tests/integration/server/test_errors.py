# SPDX-License-Identifier: Apache-2.0
"""The errors a newcomer makes: one clear line each, with the right status."""

import subprocess

import grpc
import pytest

from conftest import BIN, dummy_cards, free_ports


def refusal(call, request):
    with pytest.raises(grpc.RpcError) as error:
        call(request)
    return error.value.code(), error.value.details()


def test_unknown_model(daemon, request_for, protos):
    code, text = refusal(daemon.stub.Generate, request_for(model="nope"))
    assert code == grpc.StatusCode.NOT_FOUND
    assert "nope" in text and "tiny" not in text
    for call, request in [
        (daemon.stub.GetModel, protos.pb.GetModelRequest(name="nope")),
        (daemon.stub.Tokenize, protos.pb.TokenizeRequest(model="nope", text="x")),
        (daemon.stub.Detokenize, protos.pb.DetokenizeRequest(model="nope")),
    ]:
        assert refusal(call, request)[0] == grpc.StatusCode.NOT_FOUND
    # A status is metadata: one too long for the client would reach it as RESOURCE_EXHAUSTED, which invites to try again.
    before = len(daemon.log())
    for call in (daemon.stub.Generate, lambda r: list(daemon.stub.GenerateStream(r))):
        code, text = refusal(call, request_for(model="é" * 100000))
        assert code == grpc.StatusCode.NOT_FOUND and text.startswith('there is no model "ééé') and text.endswith("é...")
    assert refusal(daemon.stub.GetModel, protos.pb.GetModelRequest(name="x" * 100000))[0] == grpc.StatusCode.NOT_FOUND
    assert len(daemon.log()) - before < 10000


@pytest.mark.parametrize("bad", [b"\xff\xff\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe"], ids=["no field", "cut", "not UTF-8"])
@pytest.mark.parametrize("method", ["Generate", "GenerateStream", "Tokenize", "Detokenize"])
def test_bytes_that_are_no_message(daemon, request_for, bad, method):
    """More of them than streams that the daemon awaits at once."""
    kind = daemon.channel.unary_stream if method == "GenerateStream" else daemon.channel.unary_unary
    call = kind(f"/streamtensor.v1.InferenceService/{method}", request_serializer=bytes)
    ask = (lambda request: list(call(request))) if method == "GenerateStream" else call
    name = "Generate" if method == "GenerateStream" else method
    for _ in range(40):
        assert refusal(ask, bad) == (grpc.StatusCode.INVALID_ARGUMENT, f"the message is no {name}Request")
    assert daemon.stub.Generate(request_for(max_tokens=1)).token_ids, "others are served"


@pytest.mark.parametrize(
    "path, value, field",
    [
        ("sampling.temperature", -1.0, "sampling.temperature is -1"),
        ("sampling.temperature", float("nan"), "sampling.temperature is nan"),
        ("sampling.top_p", 0.0, "sampling.top_p is 0"),
        ("sampling.top_p", 1.5, "sampling.top_p is 1.5"),
        ("sampling.min_p", 2.0, "sampling.min_p is 2"),
        ("sampling.repetition_penalty", 0.0, "sampling.repetition_penalty is 0"),
        ("sampling.presence_penalty", 1e9, "sampling.presence_penalty is 1e+09"),
        ("stopping.min_tokens", 100, "stopping.min_tokens is 100"),
        ("output.logprobs", 21, "output.logprobs is 21; allowed is 0 to 20"),
    ],
)
def test_bad_parameters_name_field_value_and_limit(daemon, request_for, path, value, field):
    request = request_for()
    group, name = path.split(".")
    setattr(getattr(request, group), name, value)
    for call in (daemon.stub.Generate, lambda r: list(daemon.stub.GenerateStream(r))):
        code, text = refusal(call, request)
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert field in text and "allowed" in text
        assert "\n" not in text


def test_bad_prompts(daemon, request_for, protos):
    pb = protos.pb
    code, text = refusal(daemon.stub.Generate, request_for(prompt="x" * 600))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "more than 511 tokens" in text and "512" in text
    code, text = refusal(daemon.stub.Generate, pb.GenerateRequest(model="tiny"))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "prompt" in text
    code, text = refusal(daemon.stub.Generate, pb.GenerateRequest())
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "model is empty" in text
    code, text = refusal(daemon.stub.Generate, request_for(tokens=pb.Tokens(ids=[5, 70000])))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "tokens.ids[1] is 70000" in text
    code, text = refusal(daemon.stub.Generate, request_for(tokens=pb.Tokens()))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    code, text = refusal(daemon.stub.Generate, request_for(chat=pb.Chat()))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "chat.messages" in text
    request = request_for()
    request.sampling.logit_bias.add(token_id=99999, bias=1)
    code, text = refusal(daemon.stub.Generate, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "sampling.logit_bias[0].token_id is 99999" in text
    code, text = refusal(daemon.stub.Detokenize, pb.DetokenizeRequest(model="tiny", token_ids=[99999]))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "99999" in text


def run_daemon(*arguments):
    return subprocess.run([BIN / "streamtensord", *arguments], capture_output=True, text=True, timeout=30)


def test_wrong_usage():
    assert run_daemon().returncode == 2
    assert run_daemon("--nope").returncode == 2
    assert run_daemon("--version").returncode == 0
    assert "--check" in run_daemon("--help").stdout


def test_bad_configuration(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("cards: [{driver: dumy}]\nmodels: [{name: m}]\nextra: 1\n")
    for arguments in (["--check"], []):
        result = run_daemon("--config", str(file), *arguments)
        assert result.returncode == 1
        lines = result.stderr.strip().splitlines()
        assert [line.split(" ")[0] for line in lines] == [f"{file}:1:18:", f"{file}:2:10:", f"{file}:3:1:"], lines
    for path, text in [(tmp_path / "none.yaml", "No such file"), (tmp_path, "is a folder")]:
        result = run_daemon("--config", str(path))
        assert result.returncode == 1
        assert result.stderr.startswith(f"{path}: ") and text in result.stderr and result.stderr.count("\n") == 1
    for text in ("", "# nothing\n", "- a list\n", "\x01\n", "a: [\n"):
        file.write_text(text)
        result = run_daemon("--config", str(file))
        assert result.returncode == 1 and result.stderr.startswith(f"{file}:") and result.stderr.count("\n") == 1, result.stderr
    file.write_text("cards: [{driver: dummy}]\nmodels: [{name: m, artifact: a}]\n")
    assert run_daemon("--config", str(file), "--check").returncode == 0


def test_check_reads_tokens_and_certificates(tmp_path):
    file, tokens = tmp_path / "c.yaml", tmp_path / "tokens"
    text = "cards: [{driver: dummy}]\nmodels: [{name: m, artifact: a}]\n"
    for section, error in [
        (f"access: {{tokens_file: {tokens}}}\n", "No such file"),
        (f"server: {{tls_certificate: {tmp_path}/cert.pem, tls_key: {tmp_path}/key.pem}}\n", "cannot be read"),
    ]:
        file.write_text(text + section)
        result = run_daemon("--config", str(file), "--check")
        assert result.returncode == 1 and result.stderr.startswith(f"{file}: ") and error in result.stderr, result.stderr
        doctor = subprocess.run([BIN / "streamtensorctl", "doctor", "--config", file], capture_output=True, text=True, timeout=60)
        assert any("BAD" in line and error in line for line in doctor.stdout.splitlines()), doctor.stdout
    tokens.write_text("alice " + "x" * 32 + "\n")
    tokens.chmod(0o600)
    file.write_text(text + f"access: {{tokens_file: {tokens}}}\n")
    assert run_daemon("--config", str(file), "--check").returncode == 0


def test_port_taken(start):
    first = start()
    for ports in ([first.grpc_port, free_ports(1)[0]], [free_ports(1)[0], first.metrics_port]):
        second = start(ports=ports)
        assert second.process.wait(timeout=30) == 1
        errors = [line for line in second.log().splitlines() if "error" in line]
        assert len(errors) == 1, second.log()
        assert "127.0.0.1" in errors[0] and "Address already in use" in errors[0], errors
    assert first.stop() == 0


def test_missing_artifact_and_model(start, tmp_path, protos):
    running = start(
        [{"name": "a", "artifact": f"{tmp_path}/none"}, {"name": "b", "source": f"{tmp_path}/none.gguf"}], dummy_cards(2)
    )
    for name in ("a", "b"):
        model = running.wait_state(name, "FAILED")
        assert str(tmp_path) in model.error
    code, text = refusal(running.stub.Generate, protos.pb.GenerateRequest(model="a", prompt="x"))
    assert code == grpc.StatusCode.UNAVAILABLE and "none" in text
    assert running.http("/readyz")[0] == 503
    assert running.stop() == 0
