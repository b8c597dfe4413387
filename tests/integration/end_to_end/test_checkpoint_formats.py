# SPDX-License-Identifier: Apache-2.0
"""One model as a GGUF file and as Hugging Face folders of every form gives one design and the same weights, byte for
byte. A Llama doesn't, since GGUF's converters permute the rows that RoPE pairs, and with them the order of a sum: it
gives the same logits up to that. The daemon serves both with the same text."""
import sys

import numpy as np
import openai
import pytest

from programs import BIN, ROOT, call, chunked, jit_logits, same_bits, tiny_models, tokens_of

import make_tiny_gpt2
import make_tiny_llama
import make_tiny_opt
from kinds import KINDS

sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon, free_ports  # noqa: E402

SEED = 17

FLOATS = {"matrix_type": "F32", "embedding_type": "F32"}
MODELS = {
    "gpt2": make_tiny_gpt2.Options(**FLOATS),
    "gemma3": make_tiny_llama.Options(architecture="gemma3", layers=3, window=21, window_period=2, head_dim=32, rope_base=1e6, **FLOATS),
    "mistral": make_tiny_llama.Options(architecture="mistral", window=21, head_type="F32", **FLOATS),
    "opt": make_tiny_opt.Options(**FLOATS),
    "phi3": make_tiny_llama.Options(architecture="phi3", window=21, head_type="F32", **FLOATS),
    "qwen3": make_tiny_llama.Options(architecture="qwen3", pre_tokenizer="qwen2", head_dim=32, **FLOATS),
    "qwen2": make_tiny_llama.Options(architecture="qwen2", pre_tokenizer="qwen2", biases="qkv", head_type="BF16", **FLOATS),
}
FORMS = [
    ("gpt2", {}),
    ("gpt2", {"prefix": "", "buffers": True}),  # as the first files on the hub are
    ("gpt2", {"files": 3}),
    ("opt", {}),
    ("opt", {"prefix": "", "files": 2}),
    ("qwen2", {}),
    ("mistral", {}),
    ("phi3", {}),
    ("gemma3", {}),
    ("gemma3", {"new_dialect": True, "files": 2}),
    ("qwen3", {}),
    ("qwen3", {"new_dialect": True, "files": 2}),
    ("qwen2", {"new_dialect": True, "files": 2}),
]


def sources(model, artifact):
    call("streamtensorc", "compile", model, "-o", artifact, "--target", "hw")  # no build
    return [(artifact / name).read_bytes() for name in ("hls/design.cpp", "hls/connectivity.cfg", "weights.bin")]


@pytest.fixture(scope="module")
def of_gguf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    designs = {}
    for name, options in MODELS.items():
        tiny_models.make(folder / f"{name}.gguf", options)
        designs[name] = sources(folder / f"{name}.gguf", folder / name)
    return designs


@pytest.mark.parametrize("name, form", FORMS)
def test_same_design(tmp_path, of_gguf, name, form):
    tiny_models.make_folder(tmp_path / "tiny", MODELS[name], **form)
    assert sources(tmp_path / "tiny", tmp_path / "artifact") == of_gguf[name]


@pytest.mark.parametrize("name", ["plain", "llama3", "linear"])
def test_llama_gives_the_same_tokens(tmp_path, name):
    options = make_tiny_llama.Options(seed=3, head_type="F32", **FLOATS) if name == "plain" else KINDS[name]
    tiny_models.make(tmp_path / "tiny.gguf", options)
    tiny_models.make_folder(tmp_path / "one", options)
    tiny_models.make_folder(tmp_path / "several", options, files=3, new_dialect=True)
    script, _ = chunked([tokens_of(45, SEED), tokens_of(9, SEED + 1)], [7, 1])
    gguf, one, several = (jit_logits(tmp_path / model, tmp_path, script) for model in ("tiny.gguf", "one", "several"))
    assert same_bits(one, several)
    assert np.abs(gguf - one).max() <= 0.01 * np.abs(gguf).max()
    assert np.array_equal(gguf.argmax(axis=-1), one.argmax(axis=-1))


# What the daemon serves: replies that say more than one token. GPT-2's head is untied for that.
SERVED = {"gpt2": make_tiny_gpt2.Options(seed=2, head_type="F32", final_bias=0.1, **FLOATS), "qwen2": MODELS["qwen2"]}
PROMPTS = ["the quick brown fox", "l'\u00e9t\u00e9, e\u0301t\u00e9: 1234 they'll\n\n", "one two three"]
REPLY_TOKENS = 24


def from_the_best(model, prompt, reply):
    """How far below the likeliest token those of a greedy reply are in the float32 forward, in parts of the largest logit."""
    logits = tiny_models.forward(model, prompt + reply)[len(prompt) - 1 : -1]
    return (logits.max(axis=1) - logits[np.arange(len(reply)), reply]).max() / np.abs(logits).max()


@pytest.mark.parametrize("name", SERVED)
def test_daemon_serves_both(tmp_path, name):
    """The same replies from both, over both APIs, and they are the model's."""
    tiny_models.make(tmp_path / "gguf", SERVED[name])
    tiny_models.make_folder(tmp_path / "folder", SERVED[name], files=2)
    forms = ["gguf", "folder"]
    cards = [{"driver": "emulated", "platform": "u55c", "index": index} for index in range(len(forms))]
    models = [{"name": form, "source": str(tmp_path / form), "max_context": 128} for form in forms]
    (port,) = free_ports(1)
    with Daemon(BIN, models, cards, server={"http_listen": f"127.0.0.1:{port}"}) as daemon:
        for form in forms:
            daemon.wait_ready(form, timeout=600)
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
        options = {"temperature": 0, "extra_body": {"ignore_eos": True}}

        def tokens_of_text(form, text):
            return list(daemon.stub.Tokenize(daemon.pb.TokenizeRequest(model=form, text=text)).token_ids)

        def grpc(form, **prompt):
            request = daemon.pb.GenerateRequest(model=form, **prompt)
            request.sampling.temperature = 0
            request.stopping.max_tokens = REPLY_TOKENS
            request.stopping.ignore_eos = True
            return daemon.stub.Generate(request)

        replies = []
        for prompt in PROMPTS:
            ours, theirs = (grpc(form, prompt=prompt) for form in forms)
            replies.append(list(ours.token_ids))
            assert replies[-1] == list(theirs.token_ids) and ours.text == theirs.text and ours.usage == theirs.usage, prompt
            assert from_the_best(tmp_path / "gguf", tokens_of_text("gguf", prompt), replies[-1]) < 0.05
            chat = [{"role": "user", "content": prompt}]
            chatted = grpc("gguf", chat=daemon.pb.Chat(messages=chat)).text
            for form in forms:
                whole = client.completions.create(model=form, prompt=prompt, max_tokens=REPLY_TOKENS, **options)
                stream = client.completions.create(model=form, prompt=prompt, max_tokens=REPLY_TOKENS, stream=True, **options)
                assert whole.choices[0].text == "".join(chunk.choices[0].text for chunk in stream) == ours.text
                whole = client.chat.completions.create(model=form, messages=chat, max_completion_tokens=REPLY_TOKENS, **options)
                assert whole.choices[0].message.content == chatted
        assert max(len(set(reply)) for reply in replies) > 5, "or any model would do"
