# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: our programs, the numpy reference, step scripts."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("STREAMTENSOR_BIN", ROOT / "build/bin"))
sys.path[:0] = [str(ROOT / "tests/models"), str(ROOT / "tests/hls_lint")]
import lint  # noqa: E402
import make_tiny_mlp  # noqa: E402,F401
import numpy_llama  # noqa: E402,F401
import tiny_models  # noqa: E402,F401

PAGE = 32


def call(program, *arguments):
    """Runs a program of ours; its output, or a failure that shows what it said. What it emits must obey the HLS
    contract: that makes every model of these tests a test of the lint."""
    done = subprocess.run([str(BIN / program), *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{program} {arguments}: {done.stderr}"
    if program == "streamtensorc" and arguments[0] == "compile" and "-o" in arguments:
        lint.check_artifact(arguments[arguments.index("-o") + 1])
    if program == "streamtensor-mutant":
        lint.check_artifact(arguments[1])
    return done.stdout


def make_llama(path, *options):
    subprocess.run([sys.executable, str(ROOT / "tests/models/make_tiny_llama.py"), *map(str, options), str(path)],
                   check=True)
    return path


def chunked(sequences, chunks):
    """A step script: sequences are fed side by side, `chunks[i]` tokens a step of sequence i. Page tables
    take pages in turn, so that no sequence's pages lie one after the other. Returns the script and, for
    each row of logits, its (sequence, position)."""
    tables = [[] for _ in sequences]
    pages, steps, rows = 0, [], []
    fed = [0] * len(sequences)
    while any(fed[i] < len(tokens) for i, tokens in enumerate(sequences)):
        step = {"tokens": [], "page_tables": []}
        for i, tokens in enumerate(sequences):
            count = min(chunks[i], len(tokens) - fed[i], 16 - len(step["tokens"]))
            if count <= 0:
                continue
            start = fed[i]
            for position in range(start, start + count):
                if position // PAGE == len(tables[i]):
                    tables[i].append(pages)
                    pages += 1
                step["tokens"].append({"token_id": tokens[position], "slot": len(step["page_tables"]),
                                       "position": position, "start": start, "wants_logits": True})
                rows.append((i, position))
            fed[i] += count
            step["page_tables"].append(list(tables[i]))
        steps.append(step)
    return {"pages": max(pages, 16), "steps": steps}, rows


def card_logits(artifact, folder, script, *options):
    (folder / "script.json").write_text(json.dumps(script))
    call("streamtensorc", "run", artifact, "--script", folder / "script.json", "--logits", folder / "card.npy", *options)
    return np.load(folder / "card.npy")


def jit_logits(model, folder, script, *options):
    (folder / "script.json").write_text(json.dumps(script))
    call("streamtensor-reference", model, "--steps", folder / "script.json", "--logits", folder / "jit.npy", *options)
    return np.load(folder / "jit.npy")


def same_bits(a, b):
    return a.shape == b.shape and np.array_equal(a.view(np.uint32), b.view(np.uint32))


def tokens_of(count, seed, vocabulary=384):
    return [int(t) for t in np.random.default_rng(seed).integers(0, vocabulary, count)]
