# SPDX-License-Identifier: Apache-2.0
"""streamtensorctl against a running daemon."""

import json
import subprocess

from conftest import BIN, free_ports


def test_generate_streams_text(daemon, request_for):
    result = daemon.ctl("generate", "--model", "tiny", "--prompt", "hello world", "--max-tokens", "20", "--temperature", "0")
    assert result.returncode == 0, result.stderr
    assert result.stdout == daemon.stub.Generate(request_for()).text + "\n"


def test_generate_json(daemon, request_for):
    result = daemon.ctl(
        "generate", "--model=tiny", "--prompt=hello world", "--max-tokens=20", "--temperature=0", "--seed=7", "--json",
        "--logprobs=2",
    )
    assert result.returncode == 0, result.stderr
    reply = json.loads(result.stdout)
    whole = daemon.stub.Generate(request_for())
    assert reply["text"] == whole.text and reply["token_ids"] == list(whole.token_ids)
    assert reply["seed"] == 7
    assert reply["measured"]["ttft_seconds"] > 0
    assert reply["measured"]["decode_tokens_per_second"] > 0
    assert len(reply["logprobs"][0]["alternatives"]) == 2
    assert "modelled" not in reply, "a dummy card models nothing"


def test_chat(daemon):
    result = daemon.ctl(
        "chat", "--model", "tiny", "--max-tokens", "10", "--temperature", "0", "--stats", input="hello\n\nand again\n"
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("measured: TTFT") == 2
    assert result.stdout.strip()


def test_lists(daemon):
    models = json.loads(daemon.ctl("models", "--json").stdout)["models"]
    assert models[0]["name"] == "tiny" and models[0]["state"] == "READY" and models[0]["max_context"] == 512
    cards = json.loads(daemon.ctl("cards", "--json").stdout)["cards"]
    assert cards[0]["name"] == "dummy:0" and cards[0]["state"] == "READY" and cards[0]["model"] == "tiny"
    assert "tiny" in daemon.ctl("models").stdout
    assert "dummy:0" in daemon.ctl("cards").stdout


def test_tokenize(daemon, protos):
    plain = daemon.ctl("tokenize", "--model", "tiny", "hello <|im_end|>")
    special = json.loads(daemon.ctl("tokenize", "--model", "tiny", "--special", "--json", "hello <|im_end|>").stdout)
    ids = daemon.stub.Tokenize(protos.pb.TokenizeRequest(model="tiny", text="hello <|im_end|>")).token_ids
    assert plain.stdout.split() == [str(i) for i in ids]
    assert special["token_ids"][-1] == 2


def test_errors_are_one_line(daemon):
    for arguments, code, text in [
        (["generate", "--model", "nope", "--prompt", "x"], 1, "error: NOT_FOUND: there is no model"),
        (["generate", "--model", "tiny", "--prompt", "x", "--temperature", "-1"], 1, "error: INVALID_ARGUMENT: sampling.temperature is -1"),
        (["generate", "--model", "tiny", "--prompt", "x", "--temperature", "hot"], 2, '--temperature is "hot"'),
        (["generate", "--model", "tiny", "--prompt", "x", "--nope"], 2, "unknown option --nope"),
        (["generate", "--prompt", "x"], 2, "--model is missing"),
        (["tokenize", "--model", "tiny"], 2, "one is needed"),
        (["dance"], 2, "unknown command"),
        ([], 2, "a command is missing"),
    ]:
        result = daemon.ctl(*arguments)
        assert result.returncode == code, arguments
        assert text in result.stderr and result.stderr.count("\n") == 1, result.stderr
        assert result.stdout == ""


def test_no_server():
    server = f"127.0.0.1:{free_ports(1)[0]}"
    result = subprocess.run([BIN / "streamtensorctl", "--server", server, "models"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: UNAVAILABLE: no server answers at {server}") and result.stderr.count("\n") == 1


def test_help_and_doctor(daemon):
    assert "Usage" in daemon.ctl("--help").stdout
    for command in "generate chat tokenize models cards doctor".split():
        result = daemon.ctl(command, "--help")
        assert result.returncode == 0 and "Usage: streamtensorctl" in result.stdout
    result = daemon.ctl("doctor")
    assert result.returncode in (0, 1)
    assert "server: answers" in result.stdout and "card dummy:0: READY" in result.stdout
