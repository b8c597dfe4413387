# SPDX-License-Identifier: Apache-2.0
"""A daemon on dummy cards, and an artifact for it: real gRPC, real scheduler, no arithmetic."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a test.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "w"), ("o", "r"), ("Ġw", "or")]


def byte_alphabet():
    """The printable character of each byte, as byte-level tokenizers spell it."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


@pytest.fixture(scope="session")
def protos(tmp_path_factory):
    """The modules generated from proto/, importable."""
    from grpc_tools import protoc

    out = tmp_path_factory.mktemp("proto")
    files = sorted(str(f) for f in (ROOT / "proto").rglob("*.proto"))
    code = protoc.main(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={out}", f"--grpc_python_out={out}", *files])
    assert code == 0
    sys.path.insert(0, str(out))
    from streamtensor.v1 import inference_pb2, inference_pb2_grpc, operator_pb2, operator_pb2_grpc

    class Modules:
        pb = inference_pb2
        rpc = inference_pb2_grpc
        operator_pb = operator_pb2
        operator_rpc = operator_pb2_grpc

    return Modules


def write_artifact(folder, max_context=512, step_tokens=16):
    """manifest.json and tokenizer.bin: all that a dummy card reads."""
    from google.protobuf import json_format
    from streamtensor.artifact.v1 import manifest_pb2, tokenizer_pb2

    tokenizer = tokenizer_pb2.Tokenizer(
        format_version=1,
        kind=tokenizer_pb2.Tokenizer.KIND_BYTE_LEVEL_BPE,
        pre_tokenizer=tokenizer_pb2.Tokenizer.PRE_TOKENIZER_SMOLLM,
        bos_token_id=1,
        eos_token_id=2,
        chat_template=CHAT_TEMPLATE,
        end_of_generation_ids=[0, 2],
    )
    for text in SPECIALS:
        tokenizer.pieces.add(text=text.encode(), type=tokenizer_pb2.Piece.TYPE_CONTROL)
    for text in [*byte_alphabet(), *(left + right for left, right in MERGES)]:
        tokenizer.pieces.add(text=text.encode(), type=tokenizer_pb2.Piece.TYPE_NORMAL)
    for left, right in MERGES:
        tokenizer.merges.add(left=left.encode(), right=right.encode())

    role = manifest_pb2.Argument
    layers, kv_heads, head_dim = 1, 1, 16
    page_bytes = layers * kv_heads * 32 * head_dim * 2
    max_pages = (max_context + 31) // 32
    vocabulary = len(tokenizer.pieces)
    arguments = [
        ("descriptor", role.ROLE_DESCRIPTOR, 4 * (16 + step_tokens * (8 + max_pages)), 0),
        ("status", role.ROLE_STATUS, 64, 0),
        ("logits", role.ROLE_LOGITS, 4 * step_tokens * vocabulary, vocabulary),
        ("k_read", role.ROLE_K_READ, page_bytes, 0),
        ("v_read", role.ROLE_V_READ, page_bytes, 0),
        ("k_write", role.ROLE_K_WRITE, page_bytes, 0),
        ("v_write", role.ROLE_V_WRITE, page_bytes, 0),
    ]
    manifest = manifest_pb2.Manifest(
        format_version=1,
        model_name="tiny",
        compiler_version="test",
        target=manifest_pb2.Manifest.TARGET_EMULATION,
        platform="u55c",
        kernel=manifest_pb2.Kernel(
            name="streamtensor_step",
            arguments=[
                manifest_pb2.Argument(index=i, name=name, role=r, bytes=size, width=width)
                for i, (name, r, size, width) in enumerate(arguments)
            ],
        ),
        launch=manifest_pb2.Launch(
            descriptor_version=1, step_tokens=step_tokens, step_logits=step_tokens, header_words=16, token_words=8,
            max_pages=max_pages,
        ),
        decoder=manifest_pb2.Decoder(
            architecture="llama", layers=layers, hidden=16, vocabulary=vocabulary, query_heads=1, kv_heads=kv_heads,
            head_dim=head_dim, max_context=max_context,
            kv=manifest_pb2.KvPages(page_tokens=32, page_bytes=page_bytes),
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.bin").write_bytes(tokenizer.SerializeToString())
    (folder / "manifest.json").write_text(json_format.MessageToJson(manifest, preserving_proto_field_name=True))
    return folder


@pytest.fixture(scope="session")
def artifact(protos, tmp_path_factory):
    return write_artifact(tmp_path_factory.mktemp("artifact"))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Daemon:
    """A running streamtensord."""

    def __init__(self, folder, protos, models, cards="[{driver: dummy}]", limits="{}", extra="", ports=None, env=None):
        self.protos = protos
        self.port, self.http_port = ports or free_ports(2)
        self.server = f"127.0.0.1:{self.port}"
        self.config = folder / f"streamtensord-{self.port}.yaml"
        self.config.write_text(
            f'server: {{listen: "{self.server}", metrics_listen: "127.0.0.1:{self.http_port}"}}\n'
            f"limits: {limits}\ncards: {cards}\nmodels: {models}\ncache: {{dir: {folder / 'cache'}}}\n{extra}\n"
        )
        self.log_path = folder / f"log-{self.port}.txt"
        self.log_file = open(self.log_path, "w")
        self.process = subprocess.Popen(
            [BIN / "streamtensord", "--config", self.config], stderr=self.log_file, stdout=self.log_file,
            env={**os.environ, **(env or {})},
        )
        # Not before it listens: a channel that was refused once waits long.
        self._wait_for_port()
        self.channel = grpc.insecure_channel(self.server)
        self.stub = protos.rpc.InferenceServiceStub(self.channel)
        self.operator = protos.operator_rpc.OperatorServiceStub(self.channel)

    def _wait_for_port(self):
        for _ in range(3000):
            if self.process.poll() is not None:
                return
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)

    def log(self):
        self.log_file.flush()
        return self.log_path.read_text()

    def http(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        """Samples by name with labels, as the text format spells them."""
        status, text = self.http("/metrics")
        assert status == 200
        samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples

    def wait_listening(self):
        for _ in range(600):
            assert self.process.poll() is None, self.log()
            try:
                self.stub.ListModels(self.protos.pb.ListModelsRequest(), timeout=1)
                return self
            except grpc.RpcError:
                time.sleep(0.05)
        raise AssertionError("not listening:\n" + self.log())

    def wait_state(self, name, state):
        pb = self.protos.pb
        for _ in range(1200):
            assert self.process.poll() is None, self.log()
            try:
                model = self.stub.GetModel(pb.GetModelRequest(name=name), timeout=1)
                if pb.ModelState.Name(model.state) == "MODEL_STATE_" + state:
                    return model
            except grpc.RpcError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{name} is not {state}:\n" + self.log())

    def ctl(self, *arguments, **kwargs):
        return subprocess.run(
            [BIN / "streamtensorctl", "--server", self.server, *arguments], capture_output=True, text=True, timeout=60,
            **kwargs,
        )

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self.channel.close()
        self.log_file.close()
        return code


@pytest.fixture
def start(tmp_path, protos):
    """Starts daemons that end with the test."""
    daemons = []

    def run(*args, **kwargs):
        daemons.append(Daemon(tmp_path, protos, *args, **kwargs))
        return daemons[-1]

    yield run
    for daemon in daemons:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, protos, artifact):
    """One daemon for all tests of a file."""
    running = Daemon(
        tmp_path_factory.mktemp("daemon"), protos, f"[{{name: tiny, artifact: {artifact}}}]",
        cards="[{driver: dummy, step_us: 500}]",
    )
    running.wait_state("tiny", "READY")
    yield running
    code = running.stop()
    assert code == 0, running.log_path.read_text()


@pytest.fixture
def request_for(protos):
    """Builds a GenerateRequest."""
    pb = protos.pb

    def build(prompt="hello world", model="tiny", max_tokens=20, temperature=0.0, **fields):
        request = pb.GenerateRequest(model=model, **fields)
        if not request.WhichOneof("input"):
            request.prompt = prompt
        if max_tokens is not None:
            request.stopping.max_tokens = max_tokens
        if temperature is not None:
            request.sampling.temperature = temperature
        return request

    return build


def read_json(text):
    return json.loads(text)
