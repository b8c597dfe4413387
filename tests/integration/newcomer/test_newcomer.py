# SPDX-License-Identifier: Apache-2.0
"""Wrong path, not a GGUF, another architecture, bad parameters: one clear line each and the right status, from
streamtensorc and from the daemon that runs it. (What gRPC and streamtensorctl answer: integration/server.)"""

import os
import pathlib
import subprocess
import sys

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon, protos  # noqa: E402
from dummy_artifact import write_artifact  # noqa: E402


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A good model, and what a newcomer may have instead."""
    folder = tmp_path_factory.mktemp("files")
    good = folder / "good.gguf"
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", good], check=True, timeout=60)
    data = good.read_bytes()
    (folder / "text.gguf").write_text("hello\n")
    (folder / "empty.gguf").write_bytes(b"")
    (folder / "cut.gguf").write_bytes(data[:2000])
    (folder / "other.gguf").write_bytes(data.replace(b"llama", b"gptne"))
    (folder / "bad.mlir").write_text("not mlir")
    (folder / "model.bin").write_bytes(b"1234")
    (folder / "folder").mkdir()
    with open(folder / "long.json", "wb") as file:
        file.truncate((16 << 20) + 1)
    write_artifact(folder / "dummy")
    return folder


# Arguments, exit code, what the line names. F stands for the folder of files.
CASES = [
    ("", 2, "a command is missing; one of: compile"),
    ("dance", 2, "unknown command 'dance'; one of: compile"),
    ("compile", 2, "MODEL is required"),
    ("compile F/none.gguf -o F/o", 1, "F/none.gguf: no such file"),
    ("compile F/text.gguf -o F/o", 1, "F/text.gguf': not a GGUF file"),
    ("compile F/empty.gguf -o F/o", 1, "not a GGUF file: it is empty"),
    ("compile F/cut.gguf -o F/o", 1, "F/cut.gguf': damaged GGUF at byte"),
    ("compile F/other.gguf -o F/o", 1, "architecture 'gptne' can't be compiled"),
    ("compile F/bad.mlir -o F/o", 1, "F/bad.mlir': line 1, column 1"),
    ("compile F/model.bin -o F/o", 1, "F/model.bin"),
    ("compile F/folder -o F/o", 1, "F/folder' is not a model: it has no config.json"),
    ("compile F/good.gguf", 2, "-o is required"),
    ("compile F/good.gguf --dry-run --progress json", 2, "--dry-run prints a report, so it takes no --progress json"),
    ("compile F/good.gguf -o", 2, "-o: 1 required DIR missing"),
    ("compile F/good.gguf -o F/text.gguf", 1, "F/text.gguf exists and is not an artifact"),
    ("compile F/good.gguf -o /proc/no/where", 1, "/proc/no"),
    ("compile F/good.gguf -o F/o --platform u999", 1, "unknown platform 'u999'; known: u200, u250, u280, u55c, v80"),
    ("compile F/good.gguf -o F/o --target gpu", 2, "--target: gpu not in {emulation,hw}"),
    ("compile F/good.gguf -o F/o --max-context many", 2, "--max-context: must be a whole number from 1 to"),
    ("compile F/good.gguf -o F/o --max-context 0", 2, "got '0'"),
    ("compile F/good.gguf -o F/o --step-tokens 17", 2, "--step-tokens: must be a whole number from 1 to 16, got '17'"),
    ("compile F/good.gguf -o F/o --isa sse2", 2, "--isa: sse2 not in {x86-64-v3,x86-64-v4-vnni}"),
    ("compile F/good.gguf -o F/o --fast", 2, "unknown option --fast"),
    ("compile F/good.gguf F/text.gguf -o F/o", 2, "unexpected argument 'F/text.gguf'"),
    ("inspect F/none", 1, "F/none: no such file"),
    ("inspect F/text.gguf", 1, "not a GGUF file"),
    ("inspect F/folder", 1, "F/folder has no manifest.json: not an artifact"),
    ("run", 2, "DIR is required"),
    ("run F/none --tokens 1", 1, "F/none does not exist"),
    ("run F/folder --tokens 1", 1, "F/folder has no manifest.json"),
    ("run F/dummy", 2, "--tokens is missing"),
    ("run F/dummy --tokens 1 --steps -4", 2, "--steps: must be a whole number from 0 to"),
    ("run F/dummy --tokens 1 --driver gpu", 2, "--driver: gpu not in {emulated,paced,xrt}"),
    ("run F/dummy --tokens 1", 1, "design.xclbin is missing"),
    ("run F/dummy --script F/folder --logits F/y.npy", 1, "F/folder: is a folder; a file is needed"),
    ("run F/dummy --script F/long.json --logits F/y.npy", 1, "F/long.json: has more than 16777216 bytes"),
    ("package F/none --xclbin x", 1, "F/none"),
    ("package F/folder", 2, "--xclbin is required"),
]


@pytest.mark.parametrize("arguments, code, text", CASES)
def test_streamtensorc(files, arguments, code, text):
    words = [word.replace("F/", f"{files}/") for word in arguments.split()]
    done = subprocess.run([BIN / "streamtensorc", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    assert text.replace("F/", f"{files}/") in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("streamtensorc"), done.stderr
    assert not (files / "o").exists(), "nothing half-made is left"


@pytest.mark.parametrize("program", ["streamtensorc", "streamtensor-opt", "streamtensord", "streamtensorctl", "streamtensor-card"])
def test_every_program_helps(program):
    def run(*arguments):
        return subprocess.run([BIN / program, *arguments], capture_output=True, text=True, timeout=60)

    help, version, wrong = run("--help"), run("--version"), run("--no-such-option")
    assert help.returncode == 0 and "usage" in help.stdout.lower() and not help.stderr
    assert version.returncode == 0 and version.stdout.startswith(f"{program} 0.") and not version.stderr
    assert wrong.returncode == 2 and not wrong.stdout and "no-such-option" in wrong.stderr


def test_the_daemon_says_why_a_model_failed(files):
    wrong = {"text": "not a GGUF file", "other": "architecture 'gptne'", "cut": "damaged GGUF", "none": "there is no model at"}
    models = [{"name": name, "source": files / f"{name}.gguf", "cards": [card]} for card, name in enumerate(wrong)]
    cards = [{"driver": "dummy", "index": card} for card in range(len(wrong))]
    with Daemon(BIN, models, cards) as daemon:
        for name, text in wrong.items():
            failed = daemon.wait_state(name, "FAILED")
            assert text in failed.error and "\n" not in failed.error, failed.error
            assert f"{name}.gguf" in failed.error, failed.error
            with pytest.raises(grpc.RpcError) as error:
                daemon.stub.Generate(protos().pb.GenerateRequest(model=name, prompt="x"), timeout=10)
            assert error.value.code() == grpc.StatusCode.UNAVAILABLE and text in error.value.details()
        code, body = daemon.http("/readyz")
        assert code == 503 and len(body.splitlines()) == len(wrong)
        listing = daemon.ctl("models").stdout
        assert listing.count("FAILED") == len(wrong)


def test_compile_ends_with_where_the_artifact_is_and_what_it_can_do(files):
    done = subprocess.run([BIN / "streamtensorc", "compile", files / "good.gguf", "-o", files / "design", "--max-context", "256"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{files}/design: tiny for the emulated u55c, 256 tokens of context, "), done.stdout
    assert "(modelled" in done.stdout and done.stdout.count("\n") == 1
    assert "build" in done.stderr and "\r" not in done.stderr, "a line a stage where there is no terminal"
