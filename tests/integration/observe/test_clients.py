# SPDX-License-Identifier: Apache-2.0
"""Clients that are not ours, and the example that users start from. The commands are those of the documents."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from conftest import ROOT, protos


def documented(program):
    """The commands of README.md and docs/serving.md that begin with `program`, continued lines joined."""
    commands = []
    for file in (ROOT / "README.md", ROOT / "docs/serving.md"):
        for block in re.findall(r"```sh\n(.*?)```", file.read_text(), re.DOTALL):
            # A command goes on behind a backslash and within quotes.
            for command in re.findall(rf"^{program}(?:\\\n|'[^']*'|[^\n'])*$", block, re.MULTILINE):
                commands.append(command)
    return commands


def run(daemon, command):
    command = command.replace("127.0.0.1:50051", daemon.server).replace("smollm2", "tiny")
    environment = {**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, cwd=ROOT, env=environment)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def test_grpcurl_as_documented(dummy_daemon):
    commands = documented("grpcurl")
    assert len(commands) >= 5
    output = {command: run(dummy_daemon, command) for command in commands}
    everything = "".join(output.values())
    for service in ("streamtensor.v1.InferenceService", "streamtensor.v1.OperatorService", "grpc.health.v1.Health"):
        assert service in everything
    assert '"state": "MODEL_STATE_READY"' in everything
    assert '"status": "SERVING"' in everything
    stream = next(text for command, text in output.items() if "GenerateStream" in command)
    parts = [json.loads(part) for part in re.split(r"(?<=\n\})\n", stream) if part.strip()]
    assert len(parts) > 3, "one message after the other"
    assert "finish_reason" in parts[-1] and not any("finish_reason" in part for part in parts[:-1])
    tokens = [token for part in parts for token in part.get("token_ids", [])]
    assert parts[-1]["usage"]["completion_tokens"] == len(tokens)


def test_grpcurl_sees_statuses(dummy_daemon):
    command = "grpcurl -plaintext -d '{\"model\": \"nope\", \"prompt\": \"x\"}' 127.0.0.1:50051 streamtensor.v1.InferenceService/Generate"
    with pytest.raises(AssertionError, match="Code: NotFound"):
        run(dummy_daemon, command)
    command = command.replace("nope", "smollm2").replace('"prompt": "x"', '"promt": "x"')
    with pytest.raises(AssertionError, match="promt"):
        run(dummy_daemon, command)


def test_the_example_client_streams(dummy_daemon):
    example = [sys.executable, "-B", ROOT / "docs/examples/client.py", "--server", dummy_daemon.server]
    environment = {**os.environ, "PYTHONPATH": protos().folder.name}
    done = subprocess.run([*example, "--model", "tiny", "--max-tokens", "20", "hello"], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    reply = dummy_daemon.stub.Generate(protos().pb.GenerateRequest(
        model="tiny", chat={"messages": [{"role": "user", "content": "hello"}]}, sampling={"temperature": 0}, stopping={"max_tokens": 20}))
    assert done.stdout.startswith(reply.text + "\n[FINISH_REASON_")
    assert f"{reply.usage.completion_tokens} tokens" in done.stdout
    wrong = subprocess.run([*example, "--model", "nope", "hello"], capture_output=True, text=True, timeout=60, env=environment)
    assert wrong.returncode == 1 and "NOT_FOUND: there is no model" in wrong.stderr


def test_the_documented_way_to_the_stubs(tmp_path):
    """The protoc line of the example's head, as it stands there."""
    text = (ROOT / "docs/examples/client.py").read_text()
    line = next(line.strip() for line in text.splitlines() if "grpc_tools.protoc" in line)
    (tmp_path / "stubs").mkdir()
    command = line.replace("python -m", f"{sys.executable} -m").replace("=stubs", f"={tmp_path}/stubs")
    subprocess.run(command, shell=True, check=True, cwd=ROOT, timeout=60)
    assert (tmp_path / "stubs/streamtensor/v1/inference_pb2_grpc.py").exists()
