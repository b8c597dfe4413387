# SPDX-License-Identifier: Apache-2.0
"""Token ids under a tokenizer.json whose pieces are spelled in characters: ours, from a folder, and the Hugging Face
library's, which trains each vocabulary here and saves it.

The steps are those of Llama 2 (as converted early and late), Gemma and Phi-3, and such as no model has.
"""
import json
import os
import random
import sys
import pathlib

import numpy as np
import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TESTS = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TESTS / "models"))
sys.path.insert(0, str(TESTS / "server" / "tokenizer"))

from huggingface_folder import write_folder  # noqa: E402
from test_peers import EMOJI, Probe, make_lines  # noqa: E402

SEED = int(os.environ.get("STREAMTENSOR_SEED", "20261129"))
LINES = 1500
VOCABULARY = 1500
SPACE = "\u2581"
CONTROL = ["<s>", "</s>", "<|user|>"]
REPLACE = normalizers.Replace(" ", SPACE)
PREPEND = normalizers.Sequence([normalizers.Prepend(SPACE), REPLACE])
DECODE = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
STRIP = decoders.Strip(" ", 1, 0)


def metaspace(scheme, split):
    return pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)


KINDS = {
    "llama": {"normalizer": PREPEND, "decoder": decoders.Sequence([*DECODE, STRIP])},
    "llama first": {"pre_tokenizer": metaspace("first", False), "decoder": decoders.Sequence([*DECODE, STRIP])},
    "always, split": {"pre_tokenizer": metaspace("always", True), "decoder": decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])},
    "never, split": {"pre_tokenizer": metaspace("never", True), "normalizer": normalizers.NFC()},
    "gemma": {"normalizer": REPLACE, "decoder": decoders.Sequence(DECODE),
              "pre_tokenizer": pre_tokenizers.Split(" ", "merged_with_previous"), "user": ["\n", "\n\n", SPACE * 2]},
    "phi3": {"normalizer": PREPEND, "strip": {"rstrip": True}},
    "strips left": {"normalizer": REPLACE, "strip": {"lstrip": True}},
    "no bytes": {"normalizer": PREPEND, "bytes": False},
    "unknown apart": {"normalizer": REPLACE, "bytes": False, "fuse": False},
    "split": {"normalizer": REPLACE, "pre_tokenizer": pre_tokenizers.Split(Regex(r"\p{N}{1,3}"), "isolated")},
    "whole words": {"pre_tokenizer": metaspace("first", True), "ignore_merges": True},
}
HARD = [
    "", " ", "a", " a", "  a", "a ", "a  ", "   ", "\n", " \n ", "\t\ta\t", "a\u2581b", "\u2581\u2581", "<s>a", "<s> a", " <s>a </s>  b",
    "<|user|>\n a<|user|>  \n\u3000b", "<tool>a <tool> b", "<unk>", "<0x0A>", "<0x41>\u4e2d", "a\n\n\nb", "e\u0301te\u0301 \u212b",
    "\u4e2d\u6587\u30ab\u30bf", "\U0001d7d8\U0001d7d9", "\x01", "\ufeffx", "12345 1 12", "a" * 50,
]


def lines_of(count):
    metadata = {"tokenizer.ggml.tokens": CONTROL, "tokenizer.ggml.token_type": [3] * len(CONTROL)}
    lines = [line for line, _ in zip(make_lines(metadata), range(count))]
    generator = random.Random(SEED)
    return HARD + [" ".join(lines[:200])] + ["".join(generator.sample(HARD + EMOJI, 3)) for _ in range(300)] + lines


def train(rules):
    """On text whose characters are only some of those that are encoded."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=rules.get("fuse", True)))
    for step in ("normalizer", "pre_tokenizer"):
        if step in rules:
            setattr(tokenizer, step, rules[step])
    trained = [word for line in lines_of(700)[len(HARD) + 1:] if max(line, default="") < "\u2000" and "<0x" not in line for word in line.split("\n")]
    tokenizer.train_from_iterator(trained, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=["<unk>"], show_progress=False, max_token_length=16))
    content = json.loads(tokenizer.to_str())
    model = content["model"]
    if rules.get("bytes", True):
        model["byte_fallback"] = True
        model["vocab"].update({f"<0x{byte:02X}>": len(model["vocab"]) + byte for byte in range(256)})
    model["ignore_merges"] = rules.get("ignore_merges", False)
    tokenizer = Tokenizer.from_str(json.dumps(content))
    if "decoder" in rules:
        tokenizer.decoder = rules["decoder"]
    tokenizer.add_special_tokens(["<unk>"] + [AddedToken(text, normalized=False, **rules.get("strip", {})) for text in CONTROL])
    tokenizer.add_tokens([AddedToken("<tool>", normalized=True)])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in rules.get("user", [])])
    return tokenizer


@pytest.fixture(scope="module", params=KINDS)
def pair(request, tmp_path_factory):
    """The library's tokenizer and a program that answers from the folder."""
    print("seed", SEED)
    tokenizer = train(KINDS[request.param])
    folder = tmp_path_factory.mktemp("pieces")
    write_folder(folder, {"model_type": "llama", "vocab_size": tokenizer.get_vocab_size() + 7},
                 [("x", "F32", np.zeros(4, dtype=np.float32))], json.loads(tokenizer.to_str()),
                 {"bos_token": "<s>", "eos_token": "</s>"})
    probe = Probe(request.config.getoption("--probe"), str(folder))
    yield request.param, tokenizer, probe
    probe.process.stdin.close()
    assert probe.process.wait(timeout=30) == 0


def test_ids(pair):
    kind, tokenizer, probe = pair
    lines = lines_of(LINES)
    ours = [probe.ask(encode=line.encode().hex(), special=True)["ids"] for line in lines]
    theirs = [encoding.ids for encoding in tokenizer.encode_batch(lines, add_special_tokens=False)]
    wrong = [case for case in zip(lines, ours, theirs) if case[1] != case[2]]
    assert not wrong, f"{kind}: {len(wrong)} of {len(lines)} lines differ, the first: {wrong[0]!r}"


def test_text(pair):
    """Where the library's decoder is the model's own."""
    kind, tokenizer, probe = pair
    if "decoder" not in KINDS[kind]:
        pytest.skip("a kind without a decoder")
    generator = random.Random(SEED + 1)
    special = set(tokenizer.get_added_tokens_decoder())
    ordinary = [i for i in range(tokenizer.get_vocab_size()) if i not in special]
    for _ in range(500):
        ids = [generator.choice(ordinary) for _ in range(generator.randint(1, 12))]
        ours = bytes.fromhex(probe.ask(decode=ids)["raw"])
        theirs = tokenizer.decode(ids)
        if "\ufffd" not in theirs:
            assert ours.decode() == theirs, ids


def test_the_rules_show(pair):
    """Or equal ids would say nothing: other steps give other ids."""
    kind, tokenizer, probe = pair
    other = Tokenizer.from_str(tokenizer.to_str())
    if kind in ("llama", "phi3", "no bytes"):
        other.normalizer = REPLACE
    elif "first" in kind or kind == "whole words":
        other.pre_tokenizer = metaspace("never", "split" in kind)
    elif kind in ("always, split", "never, split"):
        other.pre_tokenizer = metaspace("never" if kind.startswith("always") else "always", True)
    elif kind == "split":
        other.pre_tokenizer = pre_tokenizers.Split(Regex(r"\p{N}"), "isolated")
    else:
        other.normalizer = PREPEND
    lines = lines_of(LINES)
    theirs = [encoding.ids for encoding in other.encode_batch(lines, add_special_tokens=False)]
    ours = [probe.ask(encode=line.encode().hex(), special=True)["ids"] for line in lines]
    assert sum(a != b for a, b in zip(ours, theirs)) > len(lines) / 20
