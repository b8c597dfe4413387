# SPDX-License-Identifier: Apache-2.0
"""A tiny Llama, compiled and run on the emulated card: against the JIT of its own module bit for bit,
and against a float32 forward in numpy within 5 % of the largest logit."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("STREAMTENSOR_BIN", ROOT / "build/bin"))
sys.path.insert(0, str(ROOT / "tests/models"))
import numpy_llama  # noqa: E402

SEED = 5
PAGE = 32


def call(program, *arguments):
    """Runs a program of ours; its output, or a failure that shows what it said."""
    done = subprocess.run([str(BIN / program), *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{program} {arguments}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    print(f"seed {SEED}")
    return tmp_path_factory.mktemp("first_light")


@pytest.fixture(scope="module")
def model(folder):
    path = folder / "tiny.gguf"
    subprocess.run([sys.executable, str(ROOT / "tests/models/make_tiny_llama.py"), "--seed", str(SEED), str(path)],
                   check=True)
    return path


@pytest.fixture(scope="module")
def artifact(folder, model):
    call("streamtensorc", "compile", model, "-o", folder / "artifact", "--save-ir", folder / "ir")
    return folder / "artifact"


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


def run_script(program_arguments, folder, script):
    path, logits = folder / "script.json", folder / "logits.npy"
    path.write_text(json.dumps(script))
    if program_arguments[0] == "streamtensorc":
        call("streamtensorc", "run", program_arguments[1], "--script", path, "--logits", logits)
    else:
        call("streamtensor-reference", program_arguments[1], "--steps", path, "--logits", logits)
    return np.load(logits)


def same_bits(a, b):
    return a.shape == b.shape and np.array_equal(a.view(np.uint32), b.view(np.uint32))


def tokens_of(count, seed, vocabulary=384):
    return [int(t) for t in np.random.default_rng(seed).integers(0, vocabulary, count)]


@pytest.mark.parametrize("chunk", range(1, 17))
def test_every_step_size_is_the_jit_bit_for_bit(folder, model, artifact, chunk):
    script, _ = chunked([tokens_of(40, SEED)], [chunk])
    card = run_script(("streamtensorc", artifact), folder, script)
    jit = run_script(("streamtensor-reference", model), folder, script)
    assert same_bits(card, jit), np.abs(card - jit).max()


def test_neighbours_and_chunks_change_no_bit(folder, artifact):
    sequences = [tokens_of(330, 1), tokens_of(45, 2), tokens_of(20, 3)]
    alone = []
    for tokens in sequences:
        script, _ = chunked([tokens], [16])
        alone.append(run_script(("streamtensorc", artifact), folder, script))
    for chunks in ([1, 1, 1], [7, 5, 3], [3, 12, 1]):
        script, rows = chunked(sequences, chunks)
        together = run_script(("streamtensorc", artifact), folder, script)
        expected = np.stack([alone[i][position] for i, position in rows])
        assert same_bits(together, expected), chunks


def test_close_to_the_float_forward(folder, model, artifact):
    tokens = tokens_of(120, 9)
    script, _ = chunked([tokens], [16])
    card = run_script(("streamtensorc", artifact), folder, script)
    expected = numpy_llama.forward(numpy_llama.Model(model), tokens)
    assert np.abs(card - expected).max() <= 0.05 * np.abs(expected).max()


def test_plain_build_has_the_same_bits(folder, model, artifact):
    call("streamtensorc", "compile", model, "-o", folder / "plain", "--plain")
    script, _ = chunked([tokens_of(50, 4), tokens_of(33, 5)], [5, 2])
    fast = run_script(("streamtensorc", artifact), folder, script)
    plain = run_script(("streamtensorc", folder / "plain"), folder, script)
    assert same_bits(fast, plain)


def test_greedy_continuation_follows_its_own_logits(folder, artifact):
    prompt = tokens_of(21, 6)
    words = " ".join(map(str, prompt))
    produced = call("streamtensorc", "run", artifact, "--tokens", words, "--steps", 6, "--logits",
                    folder / "greedy.npy").split()
    logits = np.load(folder / "greedy.npy")
    assert logits.shape[0] == len(prompt) + 5
    assert [int(t) for t in produced] == logits[len(prompt) - 1:].argmax(axis=1).tolist()
