# SPDX-License-Identifier: Apache-2.0
"""From a model file to an answer in one command: `streamtensord MODEL` and `streamtensorctl run MODEL PROMPT`."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import free_ports  # noqa: E402

# The model's weights are random: its text is mostly line breaks.
REPLY = ["--temperature", "0", "--max-tokens", "8", "--ignore-eos"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model whose context is shorter than the default, and the environment of a user who has only that."""
    folder = tmp_path_factory.mktemp("run")
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", folder / "tiny model.gguf"], check=True, timeout=60)
    (folder / "text.gguf").write_text("hello\n")
    (folder / "tmp").mkdir()
    return folder


@pytest.fixture(scope="module")
def environment(place):
    return {**os.environ, "STREAMTENSOR_CACHE_DIR": str(place / "cache"), "TMPDIR": str(place / "tmp")}


def run(environment, *arguments, **options):
    return subprocess.run([BIN / "streamtensorctl", "run", *arguments], capture_output=True, text=True, timeout=300,
                          env=environment, **options)


def daemons_of(place):
    """Processes that have the folder in their command line."""
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(place) in file.read_text() and "streamtensor" in file.read_text():
                found.append(file.read_text())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    return found


def nothing_is_left(place):
    assert not list((place / "tmp").iterdir())
    assert not daemons_of(place)


def test_run_answers_and_leaves_nothing(place, environment):
    """The first compiles, the second finds the artifact: the same answer."""
    first = run(environment, place / "tiny model.gguf", "hello world", *REPLY)
    assert first.returncode == 0, first.stderr
    assert "compiling: " in first.stderr and len(first.stdout) > len("\n")
    nothing_is_left(place)
    second = run(environment, place / "tiny model.gguf", "-", "--stats", *REPLY, input="hello world")
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout and "compiling: weights" not in second.stderr
    assert "measured: TTFT" in second.stderr
    chat = run(environment, place / "tiny model.gguf", *REPLY, input="hello world\nmore")
    assert chat.returncode == 0 and chat.stdout.startswith(first.stdout) and len(chat.stdout) > len(first.stdout)
    nothing_is_left(place)


def test_daemon_serves_a_model_without_a_configuration(place, environment):
    grpc, http, metrics = (f"127.0.0.1:{port}" for port in free_ports(3))
    log = place / "log"
    with open(log, "w") as out:
        daemon = subprocess.Popen(
            [BIN / "streamtensord", place / "tiny model.gguf", "--listen", grpc, "--http-listen", http,
             "--metrics-listen", metrics], stderr=out, env=environment)
    try:
        def ctl(*arguments):
            return subprocess.run([BIN / "streamtensorctl", "--server", grpc, *arguments], capture_output=True, text=True, timeout=60)

        deadline = time.monotonic() + 120
        while '"READY"' not in (listing := ctl("models", "--json")).stdout:
            assert daemon.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        model = json.loads(listing.stdout)["models"][0]
        assert model["name"] == "tiny-model" and model["max_context"] == 512
        asked = ctl("chat", "--model", "tiny-model", *REPLY)
        assert asked.returncode == 0, asked.stderr
        with urllib.request.urlopen(f"http://{http}/v1/models", timeout=30) as answer:
            assert json.load(answer)["data"][0]["id"] == "tiny-model"
        with urllib.request.urlopen(f"http://{metrics}/readyz", timeout=30) as answer:
            assert answer.status == 200
        for address in (grpc, http, metrics):
            assert f"{address} (" in log.read_text(), "it says where it listens"
        beside = run(environment, place / "tiny model.gguf", "hello", *REPLY)
        assert beside.returncode == 1 and str(daemon.pid) in beside.stderr, beside.stderr
        daemon.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        daemon.terminate()
        assert daemon.wait(timeout=60) == 0
        assert "reloading" in log.read_text()
    finally:
        daemon.kill()
        daemon.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_run_and_its_daemon(place, environment, number):
    fresh = {**environment, "STREAMTENSOR_CACHE_DIR": str(place / f"cache-{number}")}
    running = subprocess.Popen([BIN / "streamtensorctl", "run", place / "tiny model.gguf", "hello"], env=fresh,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert "compiling" in running.stderr.readline()
    running.send_signal(number)
    assert running.wait(timeout=60) == 128 + number
    nothing_is_left(place)


@pytest.mark.parametrize("arguments, code, text", [
    (["run", "F/none.gguf", "hello"], 1, "F/none.gguf: no such file or folder"),
    (["run", "F/text.gguf", "hello"], 1, "not a GGUF file"),
    (["run"], 2, "MODEL is required"),
    (["run", "F/text.gguf", b"\xff"], 2, "PROMPT: is not valid UTF-8"),
])
def test_run_says_what_is_wrong(place, environment, arguments, code, text):
    words = [a if isinstance(a, bytes) else a.replace("F/", f"{place}/") for a in arguments]
    done = subprocess.run([BIN / "streamtensorctl", *words], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == code, done.stderr
    assert text.replace("F/", f"{place}/") in done.stderr.splitlines()[-1], done.stderr
    nothing_is_left(place)


@pytest.mark.parametrize("arguments, code, text", [
    ([], 2, "MODEL or --config FILE is required"),
    (["F/text.gguf", "--config", "x.yaml"], 2, "excludes"),
    (["--config", "x.yaml", "--listen", "127.0.0.1:1"], 2, "requires MODEL"),
    (["F/text.gguf", "--listen", "nowhere"], 2, "must be HOST:PORT or unix:/PATH, got 'nowhere'"),
    (["F/text.gguf", "--http-listen", "unix:/x"], 2, "must be HOST:PORT or off, got 'unix:/x'"),
    (["F/none.gguf"], 1, "F/none.gguf: no such file or folder"),
    (["F/text.gguf", "--listen", "unix:/no/where"], 1, "cannot listen on unix:/no/where (gRPC): No such file"),
])
def test_daemon_says_what_is_wrong(place, environment, arguments, code, text):
    words = [a.replace("F/", f"{place}/") for a in arguments]
    off = ["--http-listen", "off", "--metrics-listen", "off"] if "unix:/no/where" in words else []
    done = subprocess.run([BIN / "streamtensord", *words, *off], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == code, done.stderr
    assert text.replace("F/", f"{place}/") in done.stderr, done.stderr


def test_a_socket_is_not_taken_from_a_daemon_that_answers(place, environment):
    command = [BIN / "streamtensord", place / "text.gguf", "--listen", f"unix:{place}/socket", "--http-listen", "off", "--metrics-listen", "off"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as first:
        try:
            deadline = time.monotonic() + 60
            while not (place / "socket").exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            second = subprocess.run(command, capture_output=True, text=True, timeout=60,
                                    env={**environment, "STREAMTENSOR_CACHE_DIR": str(place / "cache-2")})
            assert second.returncode == 1 and "Address already in use" in second.stderr, second.stderr
        finally:
            first.terminate()
