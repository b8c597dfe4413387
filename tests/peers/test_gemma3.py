# SPDX-License-Identifier: Apache-2.0
"""Gemma 3 270M, a base model, from its own file: the daemon's replies and llama.cpp's on the same file.

It takes a download of 240 MB under Gemma's terms, and minutes; so it runs only when it is told where the file is:

  STREAMTENSOR_GEMMA3=$(scripts/fetch-model gemma3) ctest --test-dir build -R peers.gemma3
"""

import os
import pathlib
import sys
import time

import pytest

from llama_cpp_process import LlamaCpp
from test_llama_cpp import NEAR_TIE, perplexity

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "integration"), str(TESTS / "server" / "tokenizer")]

from daemon import Daemon  # noqa: E402
from test_sentence_pieces import lines_of  # noqa: E402

MODEL = os.environ.get("STREAMTENSOR_GEMMA3")
pytestmark = pytest.mark.skipif(not MODEL, reason="STREAMTENSOR_GEMMA3 does not say where the file is")

CONTEXT = 2304
BOS = 2
TOKENS = 2050
REPLY_TOKENS = 40
LINES = 3000
PROMPTS = [
    "The capital of France is",
    "Rain forms when",
    "Once upon a time, a brave mouse",
    "Three uses of copper are",
    "Romeo and Juliet was written by",
    "To make pancakes, you need",
    "The sky is blue because",
    "Bees make honey by",
    "The planets of the solar system are",
    "A prime number is",
]


@pytest.fixture(scope="module")
def daemon(request):
    binaries = pathlib.Path(request.config.getoption("--binary-dir"))
    with Daemon(binaries, models=[{"name": "gemma3", "source": MODEL, "max_context": CONTEXT}],
                cache_dir=binaries.parent / "test-cache") as daemon:
        daemon.wait_ready("gemma3", timeout=1800)
        yield daemon


@pytest.fixture(scope="module")
def llama_cpp():
    with LlamaCpp(CONTEXT, MODEL) as peer:
        yield peer


def tokenize(daemon, text, special=False):
    request = daemon.pb.TokenizeRequest(model="gemma3", text=text, parse_special=special)
    return list(daemon.stub.Tokenize(request, timeout=60).token_ids)


def request_of(daemon, ids, max_tokens):
    request = daemon.pb.GenerateRequest(model="gemma3")
    request.tokens.ids.extend(ids)
    request.stopping.max_tokens = max_tokens
    request.stopping.ignore_eos = True
    request.sampling.temperature = 0
    return request


def cpu_seconds(pid):
    """Of a process, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("special", [False, True])
def test_token_ids(daemon, llama_cpp, special):
    # llama.cpp takes "</s>" for a control token by its name; in the file it is user-defined, a tag of HTML.
    lines = [line for line in lines_of(LINES) if "\x00" not in line and "</s>" not in line]
    theirs = llama_cpp.ask(tokenize=lines, special=special)["ids"]
    ours = [tokenize(daemon, line, special) for line in lines]
    wrong = [case for case in zip(lines, ours, theirs) if case[1] != case[2]]
    assert not wrong, f"{len(wrong)} of {len(lines)} lines differ, the first: {wrong[0]!r}"


def test_perplexity_of_plain_english(daemon, llama_cpp):
    text = (pathlib.Path(__file__).parent / "english.txt").read_text()
    ids = [BOS, *tokenize(daemon, text)][:TOKENS]
    assert len(ids) == TOKENS
    request = request_of(daemon, ids, 1)
    request.output.prompt_logprobs = True
    response = daemon.stub.Generate(request, timeout=900)
    assert [entry.token_id for entry in response.prompt_logprobs] == ids[1:]
    ours = perplexity([entry.logprob for entry in response.prompt_logprobs])
    theirs = perplexity(llama_cpp.ask(logprobs=ids)["logprobs"])
    print(f"perplexity over {len(ids) - 1} tokens: ours {ours:.4f}, llama.cpp {theirs:.4f}, ratio {ours / theirs:.4f}")
    assert abs(ours / theirs - 1) < 0.02


def test_greedy_replies(daemon, llama_cpp):
    """Streamed; with the CPU time that both take for a token of a reply."""
    compared = equal = 0
    (card,) = daemon.children()
    seconds = {"ours": 0.0, "llama.cpp": 0.0}
    for prompt in PROMPTS:
        ids = [BOS, *tokenize(daemon, prompt)]
        before = cpu_seconds(card), time.monotonic()
        text, ours = "", []
        for part in daemon.stub.GenerateStream(request_of(daemon, ids, REPLY_TOKENS), timeout=600):
            text += part.text
            ours += part.token_ids
        seconds["ours"] += cpu_seconds(card) - before[0]
        decoded = daemon.stub.Detokenize(daemon.pb.DetokenizeRequest(model="gemma3", token_ids=ours), timeout=60)
        assert text == decoded.text
        before = cpu_seconds(llama_cpp.process.pid)
        answer = llama_cpp.ask(greedy=ids, count=REPLY_TOKENS)
        seconds["llama.cpp"] += cpu_seconds(llama_cpp.process.pid) - before
        assert len(ours) == REPLY_TOKENS
        equal += ours == answer["ids"]
        for i, (mine, theirs, gap) in enumerate(zip(ours, answer["ids"], answer["gaps"])):
            compared += 1
            if mine != theirs:
                assert gap < NEAR_TIE, f"{prompt!r}, token {i}: {mine} against {theirs}, top two {gap:.3f} apart"
                break
    tokens = len(PROMPTS) * REPLY_TOKENS
    print(f"greedy: {compared} tokens compared, {equal} of {len(PROMPTS)} replies equal; CPU time a token, prompt included: "
          f"ours {1e3 * seconds['ours'] / tokens:.1f} ms, llama.cpp {1e3 * seconds['llama.cpp'] / tokens:.1f} ms")
    assert compared >= 150
