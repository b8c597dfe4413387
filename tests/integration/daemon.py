# SPDX-License-Identifier: Apache-2.0
"""A streamtensord for Python tests: started on free ports, asked over gRPC, stopped by SIGTERM.

    with Daemon(binary_dir, models=[{"name": "m", "source": path}]) as daemon:
        daemon.wait_ready("m", timeout=600)
        reply = daemon.stub.Generate(daemon.pb.GenerateRequest(model="m", prompt="Hello"))
"""

import functools
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import urllib.error
import urllib.request

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]


@functools.lru_cache(maxsize=None)
def protos():
    """The modules generated from proto/, into a folder of this process."""
    from grpc_tools import protoc

    generated = tempfile.TemporaryDirectory(prefix="streamtensor-proto-")
    out = generated.name
    files = sorted(str(file) for file in (ROOT / "proto").rglob("*.proto"))
    source = ROOT / "proto"
    code = protoc.main(["protoc", f"--proto_path={source}", f"--python_out={out}", f"--grpc_python_out={out}", *files])
    if code != 0:
        raise RuntimeError(f"protoc ended with code {code}")
    sys.path.insert(0, out)
    from streamtensor.artifact.v1 import manifest_pb2, tokenizer_pb2
    from streamtensor.v1 import inference_pb2, inference_pb2_grpc, operator_pb2, operator_pb2_grpc

    return types.SimpleNamespace(
        pb=inference_pb2, rpc=inference_pb2_grpc, operator_pb=operator_pb2, operator_rpc=operator_pb2_grpc,
        manifest_pb=manifest_pb2, tokenizer_pb=tokenizer_pb2, folder=generated,
    )


def free_ports(count):
    """Ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Daemon:
    """A running streamtensord.

    `models` and `cards` are entries of the configuration (a model's `name` is needed; cards default to one
    emulated U55C), `extra` further sections such as {"limits": {"max_queue": 2}}; `cache_dir` defaults to a
    folder that goes with the daemon. `environment` adds to the process's; `wrapper` is a command that runs it;
    `server` adds to the section of that name. `log`, a descriptor, receives the log instead of log().
    """

    def __init__(self, binary_dir, models, cards=None, cache_dir=None, extra=None, ports=None, environment=None,
                 wrapper=(), server=None, log=None):
        self._folder = tempfile.TemporaryDirectory(prefix="streamtensor-daemon-")
        folder = pathlib.Path(self._folder.name)
        self.binary_dir = pathlib.Path(binary_dir)
        self.grpc_port, self.metrics_port = ports or free_ports(2)
        self.server = f"127.0.0.1:{self.grpc_port}"
        self.configuration = {
            "server": {"listen": self.server, "metrics_listen": f"127.0.0.1:{self.metrics_port}",
                       "max_streams_per_connection": 1024, **(server or {})},
            "cards": cards or [{"driver": "emulated", "platform": "u55c", "index": 0}],
            "models": models,
            "cache": {"dir": str(cache_dir or folder / "cache")},
            **(extra or {}),
        }
        self.config_path = folder / "streamtensord.yaml"
        self._write_configuration()
        self._log_path = folder / "log.txt"
        self._log_file = open(self._log_path, "w")
        self.process = subprocess.Popen(
            [*wrapper, self.binary_dir / "streamtensord", "--config", self.config_path],
            stdout=self._log_file, stderr=self._log_file if log is None else log, env={**os.environ, **(environment or {})},
        )
        self.pb = protos().pb
        # Not before it listens: a channel that was refused once waits long before it tries again.
        self._wait_for_port()
        self.channel = grpc.insecure_channel(self.server, options=[("grpc.max_receive_message_length", 64 << 20)])
        self.stub = protos().rpc.InferenceServiceStub(self.channel)
        self.operator = protos().operator_rpc.OperatorServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        try:
            code = self.stop()
            if kind is None:
                assert code == 0, f"streamtensord ended with code {code}:\n{self.log()}"
        finally:
            self.kill()
            self._folder.cleanup()

    def _write_configuration(self):
        self.config_path.write_text(json.dumps(self.configuration, indent=1, default=str))

    def reload(self, wait=True, **sections):
        """Changes sections of the configuration, sends SIGHUP and waits for the outcome: True when it is in force."""
        self.configuration.update(sections)
        self._write_configuration()
        before = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        while wait and time.monotonic() < deadline:
            said = self.log()[before:]
            if "the configuration is reloaded" in said:
                return True
            if "the configuration is not reloaded" in said:
                return False
            time.sleep(0.01)
        assert not wait, f"no outcome of SIGHUP:\n{self.log()}"

    def children(self):
        """Process ids of its children, by the kernel's word."""
        try:
            threads = list(pathlib.Path(f"/proc/{self.process.pid}/task").iterdir())
            return {int(pid) for t in threads for pid in (t / "children").read_text().split()}
        except FileNotFoundError:
            return set()

    def resources(self):
        """What it holds of the system: threads, descriptors, children, resident bytes. Threads of gRPC's pools,
        which grow to a bound of their own and stay, don't count."""
        names = [t.read_text().strip() for t in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/comm")]
        pools = ("default-executo", "resolver-execut", "event_engine", "grpc", "timer_manager", "nexting_thread")
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().split()
        return types.SimpleNamespace(
            threads=sum(not name.startswith(pools) for name in names),
            descriptors=len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir())),
            children=len(self.children()),
            resident_bytes=1024 * int(status[status.index("VmRSS:") + 1]),
        )

    def log(self):
        """What the daemon has written so far; its log has a thread of its own, which may be a moment behind."""
        time.sleep(0.05)
        return self._log_path.read_text()

    def state(self, model):
        """READY, COMPILING, LOADING or FAILED."""
        answer = self.stub.GetModel(self.pb.GetModelRequest(name=model), timeout=10)
        return self.pb.ModelState.Name(answer.state).removeprefix("MODEL_STATE_")

    def wait_state(self, model, state, timeout=60):
        """Waits for a model's state and returns the model; any other end is an error that shows the log."""
        ends = {"READY", "FAILED", state}
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"streamtensord ended:\n{self.log()}"
            current = self.state(model)
            if current == state:
                return self.stub.GetModel(self.pb.GetModelRequest(name=model), timeout=10)
            assert current not in ends, f"model {model} is {current}, not {state}:\n{self.log()}"
            time.sleep(0.02)
        raise AssertionError(f"model {model} is not {state} after {timeout} s:\n{self.log()}")

    def wait_ready(self, model, timeout=60):
        return self.wait_state(model, "READY", timeout)

    def wait_probe(self, timeout=60):
        """Waits until every model serves; sends no request to the APIs."""
        deadline = time.monotonic() + timeout
        while self.http("/readyz")[0] != 200:
            assert time.monotonic() < deadline, f"not ready after {timeout} s:\n{self.log()}"
            time.sleep(0.02)

    def http(self, path):
        """Status and body of a GET on the metrics port."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def cards(self):
        """The cards, with `state` as a word such as READY."""
        answer = self.operator.ListCards(protos().operator_pb.ListCardsRequest(), timeout=10)
        name = protos().operator_pb.CardState.Name
        return [types.SimpleNamespace(name=c.name, state=name(c.state).removeprefix("CARD_STATE_"), error=c.error) for c in answer.cards]

    def metrics(self):
        """Samples by name with labels, as the text format spells them."""
        status, text = self.http("/metrics")
        assert status == 200, text
        samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples

    def ctl(self, *arguments, **options):
        """Runs streamtensorctl against this daemon."""
        command = [self.binary_dir / "streamtensorctl", "--server", self.server, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)

    def stop(self, number=signal.SIGTERM):
        """Signals the daemon, waits for its end and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=120)
        self.channel.close()
        return code

    def kill(self):
        """For whatever is left of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log_file.close()

    def _wait_for_port(self):
        for _ in range(3000):
            if self.process.poll() is not None:
                return
            try:
                socket.create_connection(("127.0.0.1", self.grpc_port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)
