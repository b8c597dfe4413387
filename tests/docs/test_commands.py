# SPDX-License-Identifier: Apache-2.0
"""Every command of README.md, docs/, the examples and --help runs as it is pasted, or NOT_RUN says why it can't here.

The commands of a page run in order in a folder that looks like the repository's root, in a network of its own, so that
addresses are literal. `streamtensord` stays up until the page ends. What a page assumes is in GIVEN.
"""

import ctypes
import fcntl
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["STREAMTENSOR_BIN_DIR"])

# A command that contains the pattern is not run, for the reason. Each pattern is needed.
NOT_RUN = {
    r"^\./scripts/(demo|test)\b": "installs and builds everything; scripts/test contains this test",
    r"^sudo apt install \./build/": "installs the package on this host; tests/integration/deb does so in a root of its own",
    r"^sudo |^xb|^source |^platforminfo": "needs AMD's packages and a card",
    r"vitis_hls|^make -C|^cd \w+/hls|package .*--xclbin": "needs Vitis; tests/integration/hardware has a script in its place",
    r"--driver xrt": "needs a card",
    r"^cmake |^ninja |^cpack ": "builds or installs; tests/integration/deploy and deb install",
    r"^systemd-|^systemctl|^editor|/etc/streamtensor": "needs systemd as process 1; tests/integration/deploy has the unit",
    r"=NAME$|NAME'$": "NAME is a driver that the reader writes",
    r"fetch-model gemma3": "downloads a model under terms of its own, and takes minutes",
    r"^pip install": "tests/requirements.txt has these packages",
    r"^streamtensor\.export": "needs PyTorch; tests/package exports",
    r"^def forward": "is the signature of a reader's own function",
}

# Options that --help does not show.
HIDDEN = {"--plain": "for tests and debugging: the synthesised side of the kernels"}
# Commands that tell something by their exit code: which are right.
CODES = {r"streamtensorctl doctor": (0, 1)}

CONFIGURATION = """\
server: { http_listen: "127.0.0.1:8000" }
cards: [{ driver: emulated, platform: u55c, index: 0 }]
models: [{ name: smollm2, source: smollm2.gguf, max_context: 512 }]
"""
FETCHED = "SmolLM2-135M-Instruct.Q4_1.gguf"
DAEMON = "build/bin/streamtensord --config my.yaml"
# What a page assumes: commands that have run, and what the reader's names stand for.
GIVEN = {
    "docs/python.md": ([DAEMON], {}),
    "docs/examples/client.py": ([DAEMON], {}),
    "docs/how-to/add-a-platform.md": ([], {"NAME": "u280"}),
}


def own_network():
    """A new network namespace with a loopback device; False where the system refuses one."""
    clone_newuser, clone_newnet, siocsifflags, iff_up = 0x10000000, 0x40000000, 0x8914, 1
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(clone_newnet | (clone_newuser if user else 0)) != 0:
        return False
    if user:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh22x", b"lo", iff_up))
    return True


def blocks(name):
    """(first line's number, language, text) of each block of code."""
    text = (ROOT / name).read_text()
    if name.endswith(".py"):
        lines = [line for line in text.split('"""')[1].splitlines() if line.startswith("    ")]
        return [(1, "sh", textwrap.dedent("\n".join(lines)))]
    return [(text[: match.start()].count("\n") + 2, match[2], textwrap.dedent(match[3]))
            for match in re.finditer(r"^( *)```(\w+)\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)]


def commands(name):
    """(line, command) of a page. A Python block is one command."""
    found = []
    for first, language, text in blocks(name):
        if language == "python":
            found.append((first, text))
        if language != "sh":
            continue
        pending, start = "", first
        for number, line in enumerate(text.splitlines(), first):
            if not pending:
                start = number
            pending += line + "\n"
            try:
                words = shlex.split(pending, comments=True)
            except ValueError:
                continue  # within quotes
            if pending.endswith("\\\n"):
                continue
            if words:
                found.append((start, pending.strip()))
            pending = ""
        assert not pending.strip(), f"{name}:{start}: the command has no end"
    return found


def pages():
    names = ["README.md", "docs/examples/client.py", *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]
    return [name for name in names if commands(name)]


def reason_not_to_run(command):
    return next((pattern for pattern in NOT_RUN if re.search(pattern, command, re.MULTILINE)), None)


@pytest.fixture(scope="session")
def network():
    return own_network()


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "tiny.gguf"
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", file], check=True, timeout=60)
    return file


class Reader:
    """Somebody at the repository's root who pastes commands."""

    def __init__(self, root, model, cache):
        self.root, self.model = root, model
        for entry in ROOT.iterdir():
            if entry.name != "build" and not entry.name.startswith("."):
                (root / entry.name).symlink_to(entry)
        (root / "build").symlink_to(BIN.parent)
        # What scripts/fetch-model finds in its cache.
        (cache / "models").mkdir(parents=True, exist_ok=True)
        fetched = cache / "models" / FETCHED
        if not fetched.exists():
            fetched.symlink_to(model)
        (root / "my.yaml").write_text(CONFIGURATION)
        python = pathlib.Path(sys.executable).parent
        self.environment = {
            **os.environ, "STREAMTENSOR_CACHE_DIR": str(cache), "PATH": f"{python}:{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": str(root / "package"), "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.daemons = []

    def paste(self, command):
        words = shlex.split(command, comments=True)
        if words and words[0].endswith("streamtensord") and "--check" not in words:
            return self.serve(words)
        if command.startswith(("import ", "from ")):
            if "import streamtensor" in command:
                subprocess.run([sys.executable, "setup.py", "-q", "build_py", "--build-lib", self.root / "package"],
                               cwd=ROOT / "python", check=True, capture_output=True)
            words = [sys.executable, "-c", command]
        else:
            words = ["bash", "-c", command]
        done = subprocess.run(words, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=300,
                              stdin=subprocess.DEVNULL)
        right = next((codes for pattern, codes in CODES.items() if re.search(pattern, command)), (0,))
        assert done.returncode in right, f"exit code {done.returncode}: {done.stdout}{done.stderr}"

    def serve(self, words):
        log = self.root / f"log-{len(self.daemons)}"
        with open(log, "w") as out:
            self.daemons.append(subprocess.Popen(words, cwd=self.root, env=self.environment, stdout=out, stderr=out))
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            assert self.daemons[-1].poll() is None, log.read_text()
            listed = subprocess.run([BIN / "streamtensorctl", "models", "--json"], capture_output=True, text=True, timeout=60)
            states = [m["state"] for m in json.loads(listed.stdout)["models"]] if listed.returncode == 0 else []
            assert "FAILED" not in states, log.read_text()
            if states and set(states) == {"READY"}:
                return
            time.sleep(0.1)
        raise AssertionError(f"no model is ready: {log.read_text()}")

    def leave(self):
        for daemon in self.daemons:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(timeout=60)
            finally:
                daemon.kill()


@pytest.fixture
def reader(tmp_path, tmp_path_factory, model, network):
    root = tmp_path / "root"
    root.mkdir()
    somebody = Reader(root, model, tmp_path_factory.getbasetemp() / "cache")
    yield somebody
    somebody.leave()


@pytest.mark.parametrize("name", pages())
def test_pasted_commands_work(reader, name):
    before, names = GIVEN.get(name, ([], {}))
    if name != "README.md":  # the first page assumes no file
        for file in ("model.gguf", "smollm2.gguf"):
            (reader.root / file).symlink_to(reader.model)
    for command in before:
        reader.paste(command)
    for line, command in commands(name):
        if reason_not_to_run(command):
            continue
        for placeholder, value in names.items():
            command = command.replace(placeholder, value)
        try:
            reader.paste(command)
        except AssertionError as error:
            pytest.fail(f"{name}:{line}: {command}\n{error}", pytrace=False)


def examples(program):
    """The commands that --help of the program and of its commands shows."""
    text = help_of(program)
    sections = re.findall(r"^Examples:\n((?:  .*\n?)+)", "".join([text, *(help_of(program, name) for name in subcommands(text))]), re.MULTILINE)
    return [line.strip() for section in sections for line in section.splitlines()]


@pytest.mark.parametrize("program", ["streamtensorc", "streamtensord", "streamtensorctl", "streamtensor-sim"])
def test_examples_of_help_work(reader, program):
    for file in ("model.gguf", "smollm2.gguf"):
        (reader.root / file).symlink_to(reader.model)
    found = examples(program)
    assert len(found) > 1, "--help shows no examples"
    (reader.root / "my.yaml").write_text(CONFIGURATION.replace("name: smollm2", "name: my-model"))
    if program == "streamtensorctl":  # `run` starts a daemon itself, the others ask one
        found.sort(key=lambda command: not command.startswith("streamtensorctl run"))
        found.insert(1, DAEMON)
    if program == "streamtensor-sim":
        found.insert(0, "streamtensorc compile model.gguf -o design --dry-run")
    for command in found:
        if not reason_not_to_run(command):
            reader.paste(command)


def test_every_reason_is_needed():
    used = {reason_not_to_run(command) for name in pages() for _, command in commands(name)}
    assert set(NOT_RUN) <= used, "remove what no command matches"


def test_examples_do_not_run_to_the_end_of_the_context():
    for name in pages():
        for line, command in commands(name):
            if re.search(r"streamtensorctl generate|/GenerateStream$", command, re.MULTILINE):
                assert re.search(r"--max-tokens|max_tokens", command), f"{name}:{line}"


def help_of(program, *command):
    return subprocess.run([BIN / program, *command, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout


def subcommands(text):
    """The commands that a program's --help lists."""
    return re.findall(r"^  ([a-z]+) ", text.partition("Subcommands:")[2].partition("\n\n")[0], re.MULTILINE)


@pytest.mark.parametrize("program", ["streamtensorc", "streamtensord", "streamtensorctl"])
def test_help_fits_110_columns(program):
    text = help_of(program)
    for command in ([], *([name] for name in subcommands(text))):
        for line in help_of(program, *command).splitlines():
            assert len(line) <= 110, f"{program} {command}: {line}"


def mentions():
    """(place, program, words) of each command line within a sentence."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for match in re.finditer(r"`(?:build/bin/)?(streamtensor(?:c|d|ctl|-card|-opt)) ([^`]+)`", prose):
            yield f"{page.relative_to(ROOT)}: {match[0]}", match[1], match[2].split()


@pytest.mark.parametrize("place, program, words", list(mentions()), ids=lambda value: value if isinstance(value, str) else "")
def test_commands_in_sentences_exist(place, program, words):
    """Their command and options are those of --help."""
    text = help_of(program)
    known = subcommands(text)
    command = [word for word in words if word in known][:1]
    if known and not words[0].startswith("-"):
        assert command, f"{place}: no such command; {', '.join(known)}"
    for option in re.findall(r"(?<![\w-])--[a-z-]+", " ".join(words)):
        if option not in HIDDEN:
            assert re.search(rf"{option}\b", text + (help_of(program, *command) if command else "")), f"{place}: {option}"
