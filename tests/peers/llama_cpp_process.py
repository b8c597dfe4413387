# SPDX-License-Identifier: Apache-2.0
"""Starts tests/peers/llama_cpp_peer.py in an environment of its own and asks it."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


class LlamaCpp:
    """`context` tokens. Without a model the first request names one."""

    def __init__(self, context, model="-", threads=1):
        python = subprocess.run(
            [ROOT / "scripts" / "python-environment", "tests/peers/requirements.txt", ".cache/peers"],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout.strip()
        self.process = subprocess.Popen(
            [python, ROOT / "tests" / "peers" / "llama_cpp_peer.py", model, str(context), str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"llama.cpp ended with {self.process.wait()}"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
