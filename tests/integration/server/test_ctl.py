# SPDX-License-Identifier: Apache-2.0
"""streamtensorctl against a running daemon."""

import json
import os
import subprocess

import pytest

from conftest import BIN, dummy_cards, free_ports


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
    assert reply["request_id"].startswith("r") and f"request={reply['request_id']} model=tiny done" in daemon.log()
    named = daemon.ctl("generate", "--model=tiny", "--prompt=x", "--max-tokens=1", "--json", "--request-id=from-the-shell")
    assert json.loads(named.stdout)["request_id"] == "from-the-shell" and "request=from-the-shell " in daemon.log()
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


def test_errors_are_one_line(daemon, tmp_path):
    two_lines = tmp_path / "token"
    two_lines.write_text("two\nlines")
    for arguments, code, text in [
        (["generate", "--model", "nope", "--prompt", "x"], 1, "error: NOT_FOUND: there is no model"),
        (["generate", "--model", "tiny", "--prompt", "x", "--temperature", "-1"], 1, "error: INVALID_ARGUMENT: sampling.temperature is -1"),
        (["generate", "--model", "tiny", "--prompt", "x", "--temperature", "hot"], 2, "--temperature: must be a number, got 'hot'"),
        (["generate", "--model", "tiny", "--prompt", "x", "--nope"], 2, "unknown option --nope"),
        (["generate", "--prompt", "x"], 2, "--model is required"),
        (["tokenize", "--model", "tiny"], 2, "TEXT is required"),
        (["tokenize", "--model", "tiny", b"a\xff"], 2, "TEXT: is not valid UTF-8"),
        (["tokenize", "--model", "tiny", b"\xed\xa0\x80"], 2, "TEXT: is not valid UTF-8"),
        (["generate", "--model", "tiny", "--prompt", "x", "--stop", b"\xff"], 2, "--stop: is not valid UTF-8"),
        (["chat", "--model", "tiny", b"--system=\xc3"], 2, "--system: is not valid UTF-8"),
        (["generate", "--model", "tiny", "--prompt", "x", "--request-id", "a\nb"], 2, "--request-id: must be 1 to 64 letters"),
        (["generate", "--model", "tiny", "--prompt", "x", "--timeout", "-1"], 2, "--timeout: must be more than 0 and at most 1e9, got '-1'"),
        (["bench", "--model", "tiny", "--timeout", "1e30"], 2, "--timeout: must be more than 0 and at most 1e9, got '1e30'"),
        (["--token-file", str(two_lines), "models"], 2, f"--token-file: {two_lines} holds no token"),
        (["dance"], 2, "unknown command"),
        ([], 2, "a command is missing"),
        (["--token-file", "/nowhere", "models"], 2, "--token-file: /nowhere cannot be read"),
        (["--server", "127.0.0.1", "models"], 2, "--server: must be HOST:PORT, such as 127.0.0.1:50051, got '127.0.0.1'"),
        (["--server", "127.0.0.1:99999", "models"], 2, "--server: must be HOST:PORT"),
        (["--server", "http://127.0.0.1:50051", "models"], 2, "--server: must be HOST:PORT"),
        (["--server", "nowhere.invalid:1", "models"], 1, "error: UNAVAILABLE: no server answers at nowhere.invalid:1"),
        (["bench"], 2, "--model is required"),
        (["bench", "--model", "nope", "--concurrency", "100000"], 1, "error: NOT_FOUND: there is no model"),
        (["bench", "--model", "tiny", "--rate", "1", "--concurrency", "2"], 2, "--concurrency excludes --rate"),
        (["bench", "--model", "tiny", "--rate", "0"], 2, "--rate: must be more than 0"),
        (["bench", "--model", "tiny", "--concurrency", "0"], 2, "--concurrency: must be a whole number from 1 to 100000, got '0'"),
        (["bench", "--model", "tiny", "--prompt-tokens", "3", "--shared-prefix", "4"], 2, "--shared-prefix: must be at most --prompt-tokens, 3, got 4"),
    ]:
        result = daemon.ctl(*arguments)
        assert result.returncode == code, arguments
        assert text in result.stderr and result.stderr.count("\n") == 1, result.stderr
        assert result.stdout == ""


def test_no_server():
    server = f"127.0.0.1:{free_ports(1)[0]}"
    for command in (["models"], ["generate", "--model", "m", "--prompt", "x"], ["bench", "--model", "m"]):
        result = subprocess.run([BIN / "streamtensorctl", "--server", server, *command], capture_output=True, text=True, timeout=60)
        assert result.returncode == 1
        assert result.stderr.startswith(f"error: UNAVAILABLE: no server answers at {server}") and result.stderr.count("\n") == 1


def test_help(daemon):
    assert "Usage" in daemon.ctl("--help").stdout
    for command in "generate chat tokenize models cards doctor bench".split():
        result = daemon.ctl(command, "--help")
        assert result.returncode == 0 and f"Usage: streamtensorctl {command}" in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= 110


@pytest.mark.parametrize("length", [26, 60])
def test_tables_fit_100_columns(start, artifact, length):
    name = "m" * length
    running = start(models=[{"name": name, "artifact": str(artifact)}])
    running.wait_ready(name)
    for command in ("cards", "models"):
        table = running.ctl(command).stdout
        assert name in table and max(map(len, table.splitlines())) <= 100, table


def test_bench_closed_loop(daemon):
    before = daemon.metrics()['streamtensor_generated_tokens_total{model="tiny"}']
    arguments = ["bench", "--model", "tiny", "--concurrency", "4", "--requests", "10", "--prompt-tokens", "40", "--max-tokens", "12"]
    report = json.loads(daemon.ctl(*arguments, "--shared-prefix", "32", "--json").stdout)
    assert report["loop"] == "closed" and report["concurrency"] == 4
    assert report["statuses"] == {"OK": 10}
    assert report["generated_tokens"] == 120
    assert daemon.metrics()['streamtensor_generated_tokens_total{model="tiny"}'] - before == 120
    assert report["cached_tokens"] > 0, "a page of 32 tokens is shared"
    for name in ("ttft_seconds", "itl_seconds", "request_seconds"):
        spread = report["measured"][name]
        assert 0 < spread["p50"] <= spread["p90"] <= spread["p95"] <= spread["p99"] <= spread["max"]
    assert report["measured"]["generated_tokens_per_second"] > 0
    table = daemon.ctl(*arguments)
    assert table.returncode == 0
    for word in ("closed loop, 4 streams", "first token", "between tokens", "p99", "ended: OK 10"):
        assert word in table.stdout, table.stdout


def test_bench_open_loop_beyond_capacity(start):
    """Four times what the card can do: the loop goes on sending, and what was refused is counted."""
    running = start(cards=dummy_cards(step_us=20000), limits={"max_queue": 2, "max_running": 2})
    running.wait_ready("tiny")
    # Two streams of 10 tokens at 20 ms a step: 10 requests a second at most.
    result = running.ctl("bench", "--model", "tiny", "--rate", "40", "--requests", "60", "--prompt-tokens", "8", "--max-tokens", "10", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["loop"] == "open" and report["requests"] == 60
    assert report["statuses"]["OK"] + report["statuses"]["RESOURCE_EXHAUSTED"] == 60
    assert report["statuses"]["RESOURCE_EXHAUSTED"] > 10
    assert running.stop() == 0


def test_bench_that_fails(daemon):
    result = daemon.ctl("bench", "--model", "tiny", "--prompt-tokens", "600", "--requests", "2")
    assert result.returncode == 1
    assert result.stderr.startswith("error: INVALID_ARGUMENT: the prompt has 600 tokens") and result.stderr.count("\n") == 1, result.stderr


def doctor(daemon, *arguments, **environment):
    command = [BIN / "streamtensorctl", "--server", daemon.server, "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


@pytest.mark.skipif(not (BIN / "streamtensorc").exists(), reason="built without the compiler, which doctor misses")
def test_doctor(daemon, tmp_path):
    good = doctor(daemon, "--config", str(daemon.config_path), XILINX_XRT="/usr")
    assert good.returncode == 0, good.stdout
    for line in ("program: streamtensord", "compiler: g++", "XRT: /", "XILINX_XRT: /usr", "cache: ", f"server: answers at {daemon.server}",
                 "card dummy:0: READY", "model tiny: ", "configuration: "):
        assert f"ok    {line}" in good.stdout, good.stdout

    (tmp_path / "bin").mkdir()
    (tmp_path / "file").write_text("")
    bad = doctor(daemon, XILINX_XRT="/nowhere", PATH=str(tmp_path / "bin"), STREAMTENSOR_CACHE_DIR=f"{tmp_path}/file/cache")
    assert bad.returncode == 1
    for line in ("XILINX_XRT is /nowhere", "compiler: g++ is not in PATH", f"cache: {tmp_path}/file/cache cannot be made"):
        assert f"BAD   {line}" in bad.stdout, bad.stdout
    # What to do stands below each.
    lines = bad.stdout.splitlines()
    assert all(lines[i + 1].startswith("      ") for i, line in enumerate(lines) if line.startswith("BAD"))

    configuration = tmp_path / "c.yaml"
    configuration.write_text("cards: [{driver: dumy}]\nmodels: [{name: m, source: /nowhere.gguf}]\n")
    assert f"BAD   configuration: {configuration}:1:18: " in doctor(daemon, "--config", str(configuration)).stdout
    configuration.write_text("cards: [{driver: dummy}]\nmodels: [{name: m, source: /nowhere.gguf}]\n")
    assert "BAD   model m: /nowhere.gguf: No such file" in doctor(daemon, "--config", str(configuration)).stdout
