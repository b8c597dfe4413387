# SPDX-License-Identifier: Apache-2.0
"""`streamtensorctl chat` on a terminal: editing, history, commands, Ctrl-C."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest

from conftest import BIN

PROMPT = "> "


class Terminal:
    """A chat in a pseudoterminal."""

    def __init__(self, server, *arguments, **environment):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [BIN / "streamtensorctl", "--server", server, "chat", "--model", "tiny", *arguments], stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True, env={**os.environ, "TERM": "xterm", **environment},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # Ctrl-C is for the terminal's owner
        )
        os.close(slave)
        self.raw = ""

    def read_until(self, pattern, timeout=30):
        """What came, without escape sequences, up to a match; the rest stays unread."""
        deadline = time.monotonic() + timeout
        while True:
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r", "", self.raw)
            if found := re.search(pattern, text):
                self.raw = text[found.end():]
                if pattern.endswith(PROMPT):
                    self.await_editing(deadline)
                return text[: found.end()]
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} in {text!r}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.raw += os.read(self.master, 4096).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"the chat ended: {text!r}") from None

    def await_editing(self, deadline):
        """The terminal echoes keys itself until libedit waits for them."""
        while termios.tcgetattr(self.master)[3] & termios.ICANON:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def end(self):
        self.await_editing(time.monotonic() + 30)
        self.type("\x04")
        return self.process.wait(timeout=30)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(daemon):
    open_ones = []

    def start(*arguments, **environment):
        open_ones.append(Terminal(daemon.server, "--temperature", "0", *arguments, **environment))
        open_ones[-1].read_until(PROMPT)
        return open_ones[-1]

    yield start
    for each in open_ones:
        each.close()


def contents(daemon, request_for, *turns):
    """The model's greedy answer after these turns, alternating user and assistant."""
    pb = daemon.pb
    roles = ("user", "assistant")
    messages = [pb.ChatMessage(role=roles[i % 2], content=text) for i, text in enumerate(turns)]
    return daemon.stub.Generate(request_for(chat=pb.Chat(messages=messages), max_tokens=6)).text


def said(text):
    return "".join(text.split())


def test_editing_and_history(terminal, daemon, request_for):
    chat = terminal("--max-tokens", "6")
    answer = said(contents(daemon, request_for, "hello"))
    chat.type("jello\x01\x04h\n")  # to the line's beginning, delete a character, type another
    assert answer in said(chat.read_until(r"\n> "))
    chat.type("/clear\n")
    chat.read_until(r"\n> ")
    chat.type("\x1b[A\x1b[A\n")  # the line before the last
    assert answer in said(chat.read_until(r"\n> "))
    assert chat.end() == 0


def test_commands(terminal, daemon, request_for):
    chat = terminal("--max-tokens", "6")
    for line, answer in [("/help", "/clear"), ("/stats", "no complete reply"), ("/system", "no system message"),
                         ("/system be brief", ""), ("/system", "be brief"), ("/nope", "unknown command /nope; /help lists them")]:
        chat.type(line + "\n")
        assert answer in chat.read_until(r"\n> "), line
    chat.type("hello\n")
    chat.read_until(r"\n> ")
    chat.type("/stats\n")
    assert "measured: TTFT" in chat.read_until(r"\n> ")
    assert chat.end() == 0


def test_ctrl_c_stops_the_reply_and_not_the_program(terminal, daemon):
    chat = terminal("--ignore-eos", "--max-tokens", "400")
    before = daemon.metrics().get('streamtensor_requests_failed_total{reason="cancelled"}', 0)
    chat.type("hello\n")
    chat.read_until(r"\w")
    time.sleep(0.05)
    chat.type("\x03")
    assert "(stopped)" in chat.read_until(r"\(stopped\)\n> ")
    deadline = time.monotonic() + 30
    while daemon.metrics().get('streamtensor_requests_failed_total{reason="cancelled"}', 0) != before + 1:
        assert time.monotonic() < deadline, "the daemon goes on"
        time.sleep(0.02)
    chat.type("a line that is dropped\x03")
    chat.read_until(r"\n> ")
    assert chat.process.poll() is None
    chat.type("/stats\n")
    assert "no complete reply" in chat.read_until(r"\n> ")
    assert chat.end() == 0


def test_colour_only_where_it_is_wanted(terminal):
    for environment, coloured in [({}, True), ({"NO_COLOR": "1"}, False)]:
        chat = terminal(**environment)
        chat.type("/nope\n")
        raw = ""
        while not re.search(r">(\x1b\[0m)? ", raw.partition("/help lists them")[2]):
            raw += os.read(chat.master, 4096).decode()
        assert ("\x1b[1m" in raw) == coloured, raw
        # What is typed and answered is plain: the prompt's style ends before it.
        assert raw.rpartition("\x1b[1m")[2].startswith(">\x1b[0m ") == coloured, raw
        assert chat.end() == 0


def test_without_a_terminal_lines_are_as_they_are(daemon):
    done = daemon.ctl("chat", "--model", "tiny", "--temperature", "0", "--max-tokens", "4", input="/help")
    assert done.returncode == 0 and "forget the conversation" not in done.stdout, "a turn, not a command"
    assert "\x1b" not in done.stdout + done.stderr and PROMPT not in done.stdout
